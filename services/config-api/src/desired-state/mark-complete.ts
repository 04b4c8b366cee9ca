import type { Bus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { COMPLETE_BUCKETS_BUCKET, incarnationKey } from '@iomt/contracts/buckets'
import type { KV } from '@nats-io/kv'

/** `created` of the bucket as it is now; it tells a bucket from one that had its name before. */
export async function incarnationOf(bucket: KV): Promise<string> {
  return (await bucket.status()).streamInfo.created
}

/** Says to gateways that the bucket which was created then has held every socket. */
export async function markComplete(bus: Bus, created: string): Promise<void> {
  const completed = await openBucket(bus, COMPLETE_BUCKETS_BUCKET)
  const key = incarnationKey(created)
  if (!(await completed.get(key))) await completed.put(key, new Date().toISOString())
}
