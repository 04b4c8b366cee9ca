import { STREAMS, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { connectBus } from './connect.ts'
import { ensureStreams } from './ensure-streams.ts'

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
