import type { KV, KvEntry } from '@nats-io/kv'
import { leaveWatch } from './leave-watch.ts'

/** Milliseconds without an entry after which a listing counts as broken: the bucket was deleted under it. */
const SILENCE = 5_000

/**
 * Everything a bucket holds that keeps one value a key, deletions included. A key that is written meanwhile is there with its
 * older or its newer value, or not at all: who then writes it by compare-and-set is told of the conflict.
 *
 * The client's own listing ends when the server says that nothing is pending. A key that is written between the listing's
 * beginning and its delivery stays pending for ever with nats-server 2.9, and the listing waited 30 s for a heartbeat: so
 * this one ends with the last entry that there was when it began.
 *
 * @throws {Error} when nothing arrives for five seconds.
 */
export async function* readBucket(bucket: KV): AsyncGenerator<KvEntry> {
  const { streamInfo } = await bucket.status()
  const entries = await bucket.history({ key: '>' })
  let broken = false
  const silence = setTimeout(() => {
    broken = true
    entries.stop()
  }, SILENCE)
  try {
    for await (const entry of entries) {
      silence.refresh()
      yield entry
      if (entry.revision >= streamInfo.state.last_seq) return
    }
    if (broken) throw new Error('the bucket was not listed to its end; it may have been deleted meanwhile')
  } finally {
    clearTimeout(silence)
    await leaveWatch(entries)
  }
}
