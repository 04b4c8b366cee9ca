import { setTimeout as pause } from 'node:timers/promises'
import { connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { startTcpProxy, type TcpProxy } from '@iomt/testing/tcp-proxy'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { runPool } from './pool-run.ts'
import { report } from './report.ts'

/** Milliseconds instead of two minutes, so that a test can outlast it. */
const DUPLICATE_WINDOW = 3_000

let proxy: TcpProxy | undefined
afterAll(() => proxy?.close())

test('a gateway that lost NATS for longer than the duplicate window stores nothing that its successor has stored', async () => {
  const result = await runPool({
    gateways: 2,
    sockets: 100,
    messagesPerSecond: 1_000,
    rest: 4_000,
    async prepare({ nats }) {
      proxy = await startTcpProxy({ targetHost: nats.host, targetPort: nats.port })
      const bus = await connectBus({ url: nats.url, name: 'test', logger: pino({ level: 'silent' }) })
      await ensureStreams(bus, [{ ...TELEMETRY_STREAM, duplicateWindow: DUPLICATE_WINDOW }])
      await bus.close()
    },
    natsUrlOf: (nats, gateway) => (gateway === 2 ? `nats://127.0.0.1:${proxy?.port}` : nats.url),
    faults: [
      {
        name: 'cut from NATS',
        async inject() {
          proxy?.cut()
          // The time itself is the fault.
          await pause(4 * DUPLICATE_WINDOW)
          proxy?.heal()
        },
      },
    ],
  })
  report(result)
  expect(result).toMatchObject({ lost: 0, duplicated: 0 })
}, 120_000)
