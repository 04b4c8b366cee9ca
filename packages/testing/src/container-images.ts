/**
 * Images of the test servers, the versions that docker-compose.yml runs. The environment can name others, for example
 * a mirror's or another version's.
 */
export const containerImages = () => ({
  postgres: process.env['TEST_POSTGRES_IMAGE'] || 'postgres:18',
  nats: process.env['TEST_NATS_IMAGE'] || 'nats:2.12-alpine',
  mosquitto: process.env['TEST_MOSQUITTO_IMAGE'] || 'eclipse-mosquitto:2',
})
