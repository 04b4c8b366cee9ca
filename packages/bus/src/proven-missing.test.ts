import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { expect, test } from 'vitest'
import type { Bus } from './connect.ts'
import { provenMissing } from './proven-missing.ts'

// What a cluster says during an election cannot be arranged with real servers; pool/nats-cluster.ledger.e2e.test.ts meets it now and then.
const to = (cluster?: string) =>
  ({ connection: { info: { cluster } } }) as unknown as Pick<Bus, 'connection' | 'stopping'>
const notFound = (code: number) => new JetStreamApiError({ code: 404, err_code: code, description: 'not found' })
const noConsumer = notFound(JetStreamApiCodes.ConsumerNotFound)
const noStream = notFound(JetStreamApiCodes.StreamNotFound)
const unavailable = new JetStreamApiError({ code: 503, err_code: 10_008, description: 'temporarily unavailable' })

/** Gives one answer after the other, the last for ever; errors are thrown. */
function answering(...answers: unknown[]) {
  const given: unknown[] = []
  const look = async () => {
    const answer = answers[Math.min(given.length, answers.length - 1)]
    given.push(answer)
    if (answer instanceof Error) throw answer
    return answer
  }
  return { given, look }
}

test('a single server is believed at once', async () => {
  const { given, look } = answering(noStream)
  expect(await provenMissing(to(), look)).toBe('stream')
  expect(given).toHaveLength(1)
})

test('what is there is asked for once', async () => {
  const { given, look } = answering('there')
  expect(await provenMissing(to('hospital'), look)).toBeNull()
  expect(given).toHaveLength(1)
})

test('a cluster is believed when it says the same for long enough', async () => {
  const { given, look } = answering(noConsumer)
  const since = performance.now()
  expect(await provenMissing(to('hospital'), look, 600)).toBe('consumer')
  expect(performance.now() - since).toBeGreaterThanOrEqual(600)
  expect(given.length).toBeGreaterThan(2)
})

test('what a cluster finds again was not missing', async () => {
  expect(await provenMissing(to('hospital'), answering(noConsumer, noConsumer, 'there').look)).toBeNull()
})

test('a process that is to stop waits for nothing, and takes nothing for missing', async () => {
  const stopping = new AbortController()
  const proof = provenMissing({ ...to('hospital'), stopping: stopping.signal }, answering(noStream).look)
  stopping.abort()
  await expect(proof).rejects.toThrow('aborted')
})

test('without an answer of JetStream nothing is known', async () => {
  await expect(provenMissing(to('hospital'), answering(noConsumer, unavailable).look)).rejects.toBe(unavailable)
})
