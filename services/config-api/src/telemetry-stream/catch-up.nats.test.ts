import { connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { catchUp } from './catch-up.nats.ts'
import type { StreamClient } from './stream-client.ts'
import { createTurnstile } from './turnstile.ts'

test('readings that the stream loses before a slow client comes to them are named', async () => {
  const nats = await startNats()
  const logger = pino({ level: 'silent' })
  const bus = await connectBus({ url: nats.url, name: 'test', logger })
  await ensureStreams(bus, [TELEMETRY_STREAM])
  const subjects = ['iomt.v1.telemetry.hopt.icu.tang3.1._', 'iomt.v1.telemetry.hopt.icu.tang3.2._']
  for (let index = 0; index < 400; index += 1) await bus.jetstream.publish(subjects[index % 2] as string, 'x')

  for (const [socketNumber, expected] of [
    [null, { from: 65, to: 299 }],
    // Every other message: its first 64 end with the 127th.
    [1, { from: 128, to: 299 }],
  ] as const) {
    await bus.manager.streams.purge(TELEMETRY_STREAM.name)
    const { state } = await bus.manager.streams.info(TELEMETRY_STREAM.name)
    const start = state.last_seq
    for (let index = 0; index < 400; index += 1) await bus.jetstream.publish(subjects[index % 2] as string, 'x')
    const told: string[] = []
    let batches = 0
    const client = {
      gone: new AbortController().signal,
      write: (event: Buffer) => told.push(String(event)),
      writePaced() {},
      async drained() {
        batches += 1
        if (batches === 1) await bus.manager.streams.purge(TELEMETRY_STREAM.name, { seq: start + 300 })
      },
    } as unknown as StreamClient
    await catchUp({
      bus: () => bus,
      logger,
      client,
      filter: {} as never,
      place: {
        deviceId: null,
        organizationCode: socketNumber === null ? null : 'hopt',
        departmentCode: 'icu',
        pduCode: 'tang3',
        socketNumber,
        changedAt: new Date(0),
      } as never,
      after: start,
      read: () => null,
      turnstile: createTurnstile(1),
      livePosition: () => start + 400,
      join: async (position) => (position >= start + 399 ? 'live' : null),
      onGap() {},
    })
    const gaps = told.map((event) => JSON.parse(/data: ?(.*)/.exec(event)?.[1] ?? 'null'))
    expect(gaps).toEqual([{ from: start + expected.from, to: start + expected.to, reason: 'expired' }])
  }
  await bus.close()
  await nats.stop()
})
