import { isRevisionConflict } from '@iomt/bus/errors'
import { compileMessage } from '@iomt/contracts/compile-message'
import { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { KV, KvEntry } from '@nats-io/kv'
import { canonicalJson } from './canonical-json.ts'

/** What was read of a key: the place in the stream to compare with, and the text, null when deleted. */
export interface StoredValue {
  readonly revision: number
  readonly text: string | null
}

const contract = compileMessage(SocketDesiredState)

export type WriteResult = 'unchanged' | 'written' | 'conflict'

export function storedValue(entry: KvEntry | null): StoredValue {
  if (!entry) return { revision: 0, text: null }
  return { revision: entry.revision, text: entry.operation === 'PUT' ? entry.string() : null }
}

/**
 * Makes one key equal to `desired` (undefined: no such socket), only if nobody wrote it since `stored` was read.
 *
 * `desired` must have been read from Postgres after `stored`: then a writer that holds an older state fails on the
 * revision, so that a slow relay can never overwrite what a faster one wrote.
 *
 * A stored value that only has more fields is a newer replica's and is left: it would put them back, and so on for ever.
 */
export async function writeDesiredState(
  bucket: KV,
  key: string,
  stored: StoredValue,
  desired: SocketDesiredState | undefined,
): Promise<WriteResult> {
  try {
    if (desired === undefined) {
      if (stored.text === null) return 'unchanged'
      await bucket.delete(key, { previousSeq: stored.revision })
      return 'written'
    }
    const text = canonicalJson(desired)
    if (stored.text !== null && (stored.text === text || knownPart(stored.text) === text)) return 'unchanged'
    // previousSeq 0 stands for "no such key yet".
    await bucket.put(key, text, { previousSeq: stored.revision })
    return 'written'
  } catch (error) {
    if (isRevisionConflict(error)) return 'conflict'
    throw error
  }
}

/** The stored state without the fields that this version does not know, as this version would write it; null when it is none. */
function knownPart(stored: string): string | null {
  try {
    const known = contract.known(JSON.parse(stored))
    return known && canonicalJson(known)
  } catch {
    return null
  }
}
