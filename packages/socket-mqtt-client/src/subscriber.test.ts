import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createSocketTopics } from './socket-topics.ts'
import { createSubscriber } from './subscriber.ts'
import { testSocket } from './testing/socket.ts'
import type { Transport } from './transport.ts'

/** Connections to a broker of a clean session that closes when asked for a topic of `closesOn`. */
function createClient(closesOn: ReadonlySet<string>) {
  const topics = createSocketTopics()
  const subscriber = createSubscriber({ topics, now: () => 0, onChange() {} })
  const packets: string[][] = []
  const connection = () => ({
    sessionPresent: false,
    subscribe(filters: readonly { topic: string }[]) {
      packets.push(filters.map(({ topic }) => topic))
      if (!filters.some(({ topic }) => closesOn.has(topic))) return Promise.resolve(filters.map(() => 1))
      setImmediate(subscriber.closed)
      return new Promise<number[]>((_resolve, reject) => setImmediate(reject, new Error('closed')))
    },
  })
  return {
    topics,
    subscriber,
    want(...names: string[]) {
      for (const topic of names) topics.put(testSocket('mqtt://broker', { topic }))
      subscriber.reconcile()
    },
    connect() {
      subscriber.sessionLost()
      subscriber.attach(connection() as unknown as Transport)
    },
    /** What was asked for since the last call, by packet. */
    async asked() {
      for (let turn = 0; turn < 3; turn += 1) await nextTurn()
      return packets.splice(0)
    },
  }
}

test('after a close on one filter alone, the others are asked for together, and it by itself after them', async () => {
  const closesOn = new Set(['new'])
  const client = createClient(closesOn)
  client.connect()
  client.want('new')
  expect(await client.asked()).toEqual([['new']])
  client.want('a', 'b', 'c')
  closesOn.clear()
  client.connect()
  expect(await client.asked()).toEqual([['a', 'b', 'c'], ['new']])
  // It was granted: the next close on it is the first again.
  closesOn.add('new')
  client.connect()
  expect(await client.asked()).toEqual([['new', 'a', 'b', 'c']])
  expect(client.subscriber.subscription('new')?.state).not.toBe('refused')
})

test('the second close in a row on a filter alone is its refusal, whatever closed in between', async () => {
  const client = createClient(new Set(['one', 'other']))
  client.connect()
  client.want('one')
  client.want('other')
  const states: unknown[][] = []
  for (let close = 0; close < 4; close += 1) {
    await client.asked()
    client.connect()
    states.push(['one', 'other'].map((topic) => client.subscriber.subscription(topic)?.state))
  }
  expect(states).toEqual([
    [undefined, undefined],
    [undefined, undefined],
    ['refused', undefined],
    ['refused', 'refused'],
  ])
})

test('many topics at which the broker closes do not keep the others waiting', async () => {
  const forbidden = Array.from({ length: 12 }, (_, index) => `forbidden/${index}`)
  const good = Array.from({ length: 90 }, (_, index) => `good/${index}`)
  const client = createClient(new Set(forbidden))
  client.want(...forbidden, ...good)
  const isGranted = (topic: string) => client.subscriber.subscription(topic)?.state === 'granted'
  let connections = 0
  for (; connections < 60; connections += 1) {
    client.connect()
    await client.asked()
    if (good.every(isGranted)) break
  }
  // By halves and quarters first, then each forbidden one alone, once.
  expect(connections).toBeLessThan(20)
  for (; connections < 60; connections += 1) {
    client.connect()
    await client.asked()
  }
  expect(forbidden.map((topic) => client.subscriber.subscription(topic)?.state)).toEqual(forbidden.map(() => 'refused'))
  expect(good.every(isGranted)).toBe(true)
})

test('a topic that a socket left while nobody held the session is given back, and what was queued is still the socket’s', async () => {
  const topics = createSocketTopics()
  const subscriber = createSubscriber({ topics, now: () => 0, onChange() {} })
  const socket = testSocket('mqtt://broker', { topic: 'ward/old' })
  topics.put(socket)
  topics.put({ ...socket, topic: 'ward/new' })
  const unsubscribing = Promise.withResolvers<void>()
  const unsubscribed: string[] = []
  subscriber.attach({
    sessionPresent: true,
    subscribe: async (filters: readonly unknown[]) => filters.map(() => 1),
    async unsubscribe(filters: readonly string[]) {
      unsubscribed.push(...filters)
      await unsubscribing.promise
    },
  } as unknown as Transport)
  await nextTurn()
  expect(unsubscribed).toContain('ward/old')
  expect(topics.receivers('ward/old')).toEqual([socket])
  unsubscribing.resolve()
  await nextTurn()
  expect(topics.receivers('ward/old')).toEqual([])
})

test('a session that the broker has lost brings nothing more to those that left', async () => {
  const client = createClient(new Set())
  client.connect()
  client.want('ward/below')
  await client.asked()
  client.subscriber.closed()
  const [below] = [...client.topics.sockets()]
  client.topics.remove(below?.socket_id as string)
  expect(client.topics.receivers('ward/below')).toEqual([below])
  client.subscriber.sessionLost()
  expect(client.topics.receivers('ward/below')).toEqual([])
})
