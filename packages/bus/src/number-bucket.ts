import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamInfo } from '@nats-io/jetstream'
import type { Bus } from './connect.ts'

/** Milliseconds after which the one that claimed the numbering is taken for dead and the next may claim it. */
const CLAIM_LASTS = 2_000
const LOOK_AGAIN = 25

/**
 * Makes the revisions of a new bucket start at the time of its creation in microseconds instead of at 1, and returns once they
 * do: a compare-and-set meant for a bucket that was lost, or on its way since then, finds no such revision in the one that was
 * made again. A purge up to a sequence that is not reached yet makes it the next one, also after a restart of the server
 * (`first_seq` in the configuration of a stream came with nats-server 2.10 only).
 *
 * Only one of those that open the bucket may purge, and nobody may write before: nats-server compares the sequence with the
 * last one before it takes the lock to purge, so a second purge can take what was written since the first. Who purges is settled
 * by the server's deduplication: a claim has the same message id from everybody, and the purge removes it.
 *
 * Replicas of nats-server 2.9 disagree after such a purge (the leader refuses the next message, the others keep it), so buckets on several
 * servers, which are not easily lost, keep their numbers from 1.
 */
export async function numberBucket(bus: Bus, name: string): Promise<StreamInfo> {
  const { streams } = bus.manager
  const stream = `KV_${name}`
  const claim = claimSubject(name)
  for (let number = 1; ; number += 1) {
    const info = await streams.info(stream)
    const { created, state, config } = info
    if (config.num_replicas > 1) return info
    const first = Date.parse(created) * 1_000
    if (await isNumbered(bus, name, first, state)) return info
    const ack = await bus.jetstream.publish(claim, '', { msgID: `number ${number} of ${created}` })
    if (!ack.duplicate) {
      // Too late: numbered meanwhile, and the server restarted since, so it does not remember the earlier claim.
      if (ack.seq >= first) await streams.deleteMessage(stream, ack.seq)
      else await streams.purge(stream, { seq: first })
      return info
    }
    for (const end = Date.now() + CLAIM_LASTS; Date.now() < end; await sleep(LOOK_AGAIN)) {
      const { state: now } = await streams.info(stream)
      if (await isNumbered(bus, name, first, now)) return info
    }
  }
}

/** The key that claims, gone when the bucket is numbered. */
export function claimSubject(bucket: string): string {
  return `$KV.${bucket}.numbering`
}

/** A bucket with anything else than a claim in it comes from an earlier version and keeps its numbers. */
async function isNumbered(
  bus: Bus,
  name: string,
  first: number,
  state: { first_seq: number; last_seq: number },
): Promise<boolean> {
  if (state.first_seq >= first) return true
  if (state.last_seq === 0) return false
  const last = await bus.manager.streams.getMessage(`KV_${name}`, { seq: state.last_seq })
  return last !== null && last.subject !== claimSubject(name)
}
