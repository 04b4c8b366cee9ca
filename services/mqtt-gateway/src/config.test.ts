import { expect, test } from 'vitest'
import { readGatewayConfig } from './config.ts'

const needed = { NATS_URL: 'nats://127.0.0.1:4222', CREDENTIAL_KEY_FILE: 'keys.json' }

test('networks of brokers are read at the start, not with the first connection', () => {
  expect(readGatewayConfig({ ...needed, BROKER_NETWORKS: '10.0.0.0/8' }).BROKER_NETWORKS).toBe('10.0.0.0/8')
  expect(() => readGatewayConfig({ ...needed, BROKER_NETWORKS: '10.0.0.0/8,hospital' })).toThrow(
    'The environment is not usable:\n  BROKER_NETWORKS: "hospital" is no network; one is written 10.0.0.0/8',
  )
})
