import { STREAMS, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { startNats } from '@iomt/testing/nats'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { connectBus } from './connect.ts'
import { ensureStreams } from './ensure-streams.ts'
import { NatsEnvironment, natsOptions } from './environment.ts'
import { openBucket } from './open-bucket.ts'

const DEFAULTS = Value.Create(Type.Object(NatsEnvironment))

test('makes the streams, also from several services at once, and keeps what an operator changed', async () => {
  const nats = await startNats()
  const buses = await Promise.all(
    [1, 2, 3].map(() => connectBus({ url: nats.url, name: 'test', logger: pino({ level: 'silent' }) })),
  )
  try {
    await Promise.all(buses.map((bus) => ensureStreams(bus, STREAMS)))
    const { manager } = buses[0] as (typeof buses)[0]
    const { config } = await manager.streams.info(TELEMETRY_STREAM.name)
    expect(config).toMatchObject({
      storage: 'file',
      discard: 'new',
      retention: 'limits',
      subjects: ['iomt.v1.telemetry.>'],
    })
    await manager.streams.update(TELEMETRY_STREAM.name, { max_bytes: 1_000_000 })
    await ensureStreams(buses[1] as (typeof buses)[0], STREAMS)
    expect((await manager.streams.info(TELEMETRY_STREAM.name)).config.max_bytes).toBe(1_000_000)
  } finally {
    for (const bus of buses) await bus.close()
    await nats.stop()
  }
})

test('size and age of the stream of readings come from the environment, and too large a one is refused with advice', async () => {
  const nats = await startNats()
  const connect = (environment: object) =>
    connectBus({
      ...natsOptions({ ...DEFAULTS, NATS_URL: nats.url, ...environment }),
      name: 'test',
      logger: pino({ level: 'silent' }),
    })
  const large = await connect({ TELEMETRY_MAX_GIB: 1_000 })
  await expect(ensureStreams(large, STREAMS)).rejects.toThrow(
    'no room for IOMT_TELEMETRY, which reserves 1000.00 GiB: raise max_file_store, or set TELEMETRY_MAX_GIB',
  )
  const small = await connect({ TELEMETRY_MAX_GIB: 0.5, TELEMETRY_MAX_AGE_HOURS: 1.1 })
  await ensureStreams(small, STREAMS)
  const { config } = await small.manager.streams.info(TELEMETRY_STREAM.name)
  expect([config.max_bytes, config.max_age]).toEqual([536_870_912, 3_960 * 1e9])
  const alone = await connect({ NATS_REPLICAS: 3 })
  const needsCluster = 'NATS_REPLICAS is 3, and the NATS server is in no cluster'
  await expect(ensureStreams(alone, STREAMS)).rejects.toThrow(needsCluster)
  await expect(openBucket(alone, 'bucket')).rejects.toThrow(needsCluster)
  for (const bus of [large, small, alone]) await bus.close()
  await nats.stop()
})
