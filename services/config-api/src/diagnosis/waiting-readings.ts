import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@iomt/bus/connect'
import { isConsumerMissing, isStreamMissing } from '@iomt/bus/errors'
import { TELEMETRY_CONSUMER, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import type { WaitingReadings } from './diagnose.ts'

/** Milliseconds; nobody who asks why there is no data should wait for a NATS that is away. */
const PATIENCE = 1_000

/** What no writer has stored yet, as far as NATS says so in time. Writers with another CONSUMER_NAME are not found. */
export async function readWaiting(bus: Bus | null): Promise<WaitingReadings> {
  if (!bus) return null
  return await Promise.race([read(bus).catch(() => null), sleep(PATIENCE, null, { ref: false })])
}

async function read({ manager: { consumers, streams } }: Bus): Promise<WaitingReadings> {
  try {
    const info = await consumers.info(TELEMETRY_STREAM.name, TELEMETRY_CONSUMER)
    const count = info.num_pending + info.num_ack_pending
    if (count === 0) return { count, oldestAt: null }
    // The first that is not acknowledged, or the one after it when that has gone meanwhile.
    const next = { seq: info.ack_floor.stream_seq + 1, next_by_subj: '>' }
    const oldest = await streams.getMessage(TELEMETRY_STREAM.name, next)
    return { count, oldestAt: oldest?.time ?? null }
  } catch (error) {
    if (isConsumerMissing(error) || isStreamMissing(error)) return 'no-consumer'
    throw error
  }
}
