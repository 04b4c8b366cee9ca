import { connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { readingPayload } from '../load/reading-template.ts'
import { runForkedTask, type TaskResult } from '../measure/forked-task.ts'
import type { JetstreamPublisherInput } from './jetstream-publisher.main.ts'

/** Publishing the devices' payloads as they are into the product's telemetry stream, 1,000 subjects. */
export async function measureJetstreamFloor(seconds: number, window: number): Promise<TaskResult> {
  const nats = await startNats()
  try {
    const bus = await connectBus({ url: nats.url, name: 'benchmark', logger: pino({ level: 'silent' }) })
    try {
      await ensureStreams(bus, [TELEMETRY_STREAM])
    } finally {
      // It would look for its server for ever, and keep this process alive.
      await bus.close()
    }
    const subjects = Array.from({ length: 1_000 }, (_, index) => `iomt.v1.telemetry.clinic.ward.room.${index}._`)
    const input: JetstreamPublisherInput = { url: nats.url, seconds, window, payload: readingPayload(), subjects }
    const main = new URL('./jetstream-publisher.main.ts', import.meta.url)
    return await runForkedTask(main, input, { 'nats-server': nats.pid })
  } finally {
    await nats.stop()
  }
}
