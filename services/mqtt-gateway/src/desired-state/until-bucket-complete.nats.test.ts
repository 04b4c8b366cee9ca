import { connectBus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { COMPLETE_BUCKETS_BUCKET, incarnationKey, SOCKET_CONFIG_BUCKET } from '@iomt/contracts/buckets'
import { startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { untilBucketComplete } from './until-bucket-complete.ts'

test('a new bucket is believed when config-api has completed it, an older one at once', async () => {
  const nats = await startNats()
  const logger = pino({ level: 'silent' })
  const bus = await connectBus({ url: nats.url, name: 'test', logger })
  const bucket = await openBucket(bus, SOCKET_CONFIG_BUCKET)
  const { created } = (await bucket.status()).streamInfo
  const never = new AbortController().signal
  const wait = (age: number, signal = never) =>
    untilBucketComplete({ bus, logger, now: () => Date.parse(created) + age, patience: 60_000, signal })
  await wait(60_000)

  await expect(wait(10_000, AbortSignal.timeout(1_200))).rejects.toThrow()
  const completed = await openBucket(bus, COMPLETE_BUCKETS_BUCKET)
  // What was said of another bucket that had the name before says nothing.
  await completed.put(incarnationKey('2020-01-01T00:00:00Z'), 'then')
  await expect(wait(10_000, AbortSignal.timeout(1_200))).rejects.toThrow()
  const waiting = wait(10_000)
  await completed.put(incarnationKey(created), 'now')
  await waiting
  await bus.close()
  await nats.stop()
})
