import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import type { Bus } from './connect.ts'
import { isAtLeast } from './server-version.ts'

/** At most so many at once where each is a request of its own; some 4 s of nats-server, side by side with other work. */
const DELETED_AT_ONCE = 20_000
const LANES = 8
/** JetStream's error codes for a message that is gone already: in newer servers, before the first one, and a gap. */
const GONE: readonly number[] = [JetStreamApiCodes.NoMessageFound, 10_057, 10_043]

/**
 * Drops the oldest messages of a stream, from sequence `first` up to and with `upTo`, and answers how many went.
 *
 * Before 2.9.15 nats-server forgets with a purge what its consumers have delivered and not heard of, also after the purged
 * messages, and never delivers it again (nats-server PR 3892). There messages are deleted one by one, and the rest next time.
 */
export async function dropMessages(bus: Bus, stream: string, first: number, upTo: number): Promise<number> {
  const { streams } = bus.manager
  if (isAtLeast(bus.connection.info?.version ?? '', '2.9.15')) {
    return (await streams.purge(stream, { seq: upTo + 1 })).purged
  }
  const end = Math.min(upTo + 1, first + DELETED_AT_ONCE)
  let next = first
  let dropped = 0
  const lane = async () => {
    while (next < end) {
      const sequence = next
      next += 1
      if (await deleted(bus, stream, sequence)) dropped += 1
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane))
  for (const each of lanes) if (each.status === 'rejected') throw each.reason
  return dropped
}

async function deleted(bus: Bus, stream: string, sequence: number): Promise<boolean> {
  try {
    // Without overwriting its bytes.
    return await bus.manager.streams.deleteMessage(stream, sequence, false)
  } catch (error) {
    if (error instanceof JetStreamApiError && GONE.includes(error.code)) return false
    throw error
  }
}
