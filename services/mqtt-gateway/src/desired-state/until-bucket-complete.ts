import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { COMPLETE_BUCKETS_BUCKET, incarnationKey, SOCKET_CONFIG_BUCKET } from '@iomt/contracts/buckets'
import type { Logger } from 'pino'

/** Milliseconds between looks. */
const LOOK = 500

export interface BucketCompleteOptions {
  readonly bus: Bus
  readonly logger: Logger
  readonly now: () => number
  /** Milliseconds; a bucket that is older counts as complete in any case. */
  readonly patience: number
  readonly signal: AbortSignal
}

/**
 * Waits until the bucket of desired states surely holds every socket. One that NATS has lost is made again by whoever needs it
 * first and filled key by key; a gateway that started meanwhile would resume a session, find nobody to whom the queue of a
 * socket belongs that is not there yet, and throw it away.
 *
 * @throws the signal's reason.
 */
export async function untilBucketComplete(options: BucketCompleteOptions): Promise<void> {
  const { bus, logger, now, patience, signal } = options
  for (let looks = 0; ; looks += 1) {
    signal.throwIfAborted()
    try {
      const bucket = await openBucket(bus, SOCKET_CONFIG_BUCKET)
      const { created } = (await bucket.status()).streamInfo
      if (now() - Date.parse(created) >= patience) {
        if (looks > 0)
          logger.warn('config-api has not said that the new bucket is complete; going on with what is there')
        return
      }
      const completed = await openBucket(bus, COMPLETE_BUCKETS_BUCKET)
      if (await completed.get(incarnationKey(created))) return
      if (looks === 0) logger.info('the bucket of socket configurations is new; waiting until config-api has filled it')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (looks % 20 === 0) logger.warn({ reason }, 'cannot look at the bucket of socket configurations; trying again')
    }
    await sleep(LOOK, undefined, { signal })
  }
}
