import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from './connect.ts'
import { isConsumerMissing, isStreamMissing } from './errors.ts'

/** Milliseconds for which every answer of a cluster has to say the same; after elections 1 s was seen in which each did and was wrong. */
const DOUBT = 5_000
const LOOK_AGAIN = 250

/**
 * What does not exist of that which is looked for, or null when it is there. After an election a server of a cluster may for
 * up to 10 s not find what exists, in turn with other answers (seen with nats-server 2.9.10), and a consumer that is made again
 * then has two groups of replicas, of which none delivers any more.
 *
 * @throws what `look` throws for other reasons: then nothing is known; an AbortError when the process is to stop meanwhile.
 */
export async function provenMissing(
  { connection, stopping }: Pick<Bus, 'connection' | 'stopping'>,
  look: () => Promise<unknown>,
  doubt = DOUBT,
): Promise<'stream' | 'consumer' | null> {
  for (const since = performance.now(); ; await sleep(LOOK_AGAIN, undefined, { signal: stopping })) {
    const missing = await missingAt(look)
    if (missing === null || !connection.info?.cluster || performance.now() - since >= doubt) return missing
  }
}

async function missingAt(look: () => Promise<unknown>): Promise<'stream' | 'consumer' | null> {
  try {
    await look()
    return null
  } catch (error) {
    if (isStreamMissing(error)) return 'stream'
    if (isConsumerMissing(error)) return 'consumer'
    throw error
  }
}
