import { expect, test } from 'vitest'
import { readConfig, retentionDays } from './config.ts'

const urls = { DATABASE_URL: 'postgres://x', NATS_URL: 'nats://x' }

test('defaults', () => {
  expect(readConfig(urls)).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 8_082,
    BATCH_SIZE: 5_000,
    BATCH_BYTES: 8_388_608,
    BATCH_LINGER_MS: 40,
    PARTITIONS_AHEAD_DAYS: 7,
    CONSUMER_NAME: 'telemetry-writer',
  })
  expect(() => readConfig({ NATS_URL: 'nats://x' })).toThrow(/DATABASE_URL is not set/)
  expect(() => readConfig({ ...urls, BATCH_SIZE: '0' })).toThrow(/BATCH_SIZE/)
})

test('retention has its defaults, 0 keeps for ever', () => {
  expect(retentionDays(readConfig(urls))).toEqual({ readings: 90, minutes: 400, hours: 3_650, events: 400 })
  const changed = readConfig({ ...urls, RETENTION_RAW_DAYS: '0', RETENTION_1M_DAYS: '7' })
  expect(retentionDays(changed)).toMatchObject({ readings: 0, minutes: 7 })
  expect(() => readConfig({ ...urls, RETENTION_RAW_DAYS: '-1' })).toThrow(/RETENTION_RAW_DAYS.*days that readings/)
})
