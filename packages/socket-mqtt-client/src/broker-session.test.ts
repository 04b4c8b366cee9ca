import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type BrokerSession, createBrokerSession } from './broker-session.ts'
import { createEchoFilter } from './echo-filter.ts'
import { createInFlight } from './in-flight.ts'
import { createPendingBudget } from './pending-budget.ts'
import { createSocketTopics } from './socket-topics.ts'
import { testSocket } from './testing/socket.ts'
import type { Transport } from './transport.ts'

const MINUTE = 60_000
const START = 10 * MINUTE

/**
 * The sessions of one client id one after the other, in a time of our own; `late` are the packet ids of the deliveries that
 * a deduplication window may have forgotten.
 */
function createClient() {
  let now = START
  let served: number | null = null
  let session: BrokerSession | null = null
  const blocked = new Map<number, () => void>()
  const socket = testSocket('mqtt://broker')
  const topics = createSocketTopics()
  topics.put(socket)
  const late: number[] = []
  const acknowledged: number[] = []
  let holdBack = new Set<number>()

  return {
    late,
    acknowledged,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
    /** The broker's connection is there, its session kept. */
    open({ blocking = [] as number[], sessionPresent = true } = {}) {
      holdBack = new Set(blocking)
      const packetIds: number[] = []
      session = createBrokerSession({
        clientId: 'iomt-7-a',
        cleanSession: false,
        topics,
        echoes: createEchoFilter(() => now),
        budget: createPendingBudget().ofConnection(),
        inFlight: createInFlight(),
        deliver({ payload, redeliveredLate }, onSettled) {
          const packetId = Number(payload)
          packetIds.push(packetId)
          if (redeliveredLate) late.push(packetId)
          if (holdBack.has(packetId)) blocked.set(packetId, onSettled)
          else onSettled()
        },
        now: () => now,
        stopping: () => false,
        onTraffic() {},
        onStored() {},
        onStray() {},
        onNotStored() {},
        servedBefore: served,
      })
      session.opened({
        sessionPresent,
        acknowledge: (messages: { packetId: number }[]) => acknowledged.push(...messages.map((one) => one.packetId)),
        destroy() {},
      } as unknown as Transport)
    },
    async receive(packetId: number, { dup = false } = {}) {
      const payload = Buffer.from(String(packetId))
      const message = { topic: socket.topic, payload, payloadBytes: payload.length, qos: 1 as const, packetId, dup }
      session?.onPublish({ ...message, retain: false }, () => {})
      await nextTurn()
    },
    /** The message is stored after all, and what waited for it acknowledged. */
    async store(packetId: number) {
      blocked.get(packetId)?.()
      await nextTurn()
      session?.flush()
    },
    flush: () => session?.flush(),
    cut() {
      session?.closed()
      served = session?.servedUntil() ?? null
    },
    served: () => served,
  }
}

test('what the first connection of a client id is sent again may be of long ago', async () => {
  const client = createClient()
  client.open()
  await client.receive(1, { dup: true })
  await client.receive(2)
  expect(client.late).toEqual([1])
})

test('after a short cut it is of a moment ago, after a minute without a connection it may not be', async () => {
  const client = createClient()
  client.open({ sessionPresent: false })
  await client.receive(1)
  client.cut()
  client.pass(MINUTE)
  client.open()
  await client.receive(1, { dup: true })
  expect(client.late).toEqual([])
  client.flush()
  await client.receive(2)
  client.cut()
  client.pass(MINUTE + 1)
  client.open()
  await client.receive(2, { dup: true })
  expect(client.late).toEqual([2])
})

test('what waited behind a message that could not be stored is as old as it is', async () => {
  const client = createClient()
  client.open({ sessionPresent: false, blocking: [1] })
  await client.receive(1)
  await client.receive(2)
  client.pass(MINUTE + 1)
  client.cut()
  expect(client.served()).toBe(START)
  client.open({ blocking: [1] })
  await client.receive(1, { dup: true })
  await client.receive(2, { dup: true })
  expect(client.late).toEqual([1, 2])
  // It stays as old when the next connection is cut before it was acknowledged.
  client.cut()
  expect(client.served()).toBe(START)
})

test('a connection that was cut before the broker had sent all again knows nothing newer', async () => {
  const client = createClient()
  client.open({ sessionPresent: false, blocking: [1] })
  await client.receive(1)
  client.cut()
  client.pass(50_000)
  client.open()
  client.cut()
  client.pass(20_000)
  expect(client.served()).toBe(START)
  client.open()
  await client.receive(1, { dup: true })
  expect(client.late).toEqual([1])
  client.flush()
  await client.receive(2)
  client.flush()
  client.cut()
  // Once something new has come, everything old has.
  expect(client.served()).toBe(START)
  client.pass(MINUTE)
  client.open()
  client.pass(5_000)
  client.cut()
  expect(client.served()).toBe(START + 135_000)
})

test('an acknowledgement that came late may have been lost with the connection', async () => {
  const client = createClient()
  client.open({ sessionPresent: false, blocking: [1] })
  await client.receive(1)
  client.pass(MINUTE)
  await client.store(1)
  expect(client.acknowledged).toEqual([1])
  client.pass(1_000)
  client.cut()
  expect(client.served()).toBe(START)
  client.open()
  await client.receive(1, { dup: true })
  expect(client.late).toEqual([1])
})

test('stored and not acknowledged yet: the moment between counts', async () => {
  const client = createClient()
  client.open({ sessionPresent: false })
  await client.receive(1)
  client.pass(3)
  client.cut()
  expect(client.served()).toBe(START)
})

test('what a closed connection had brought while there was no room is not delivered when there is: it comes again', async () => {
  const topics = createSocketTopics()
  const socket = testSocket('mqtt://broker')
  topics.put(socket)
  const delivered: string[] = []
  const unsettled: Array<() => void> = []
  const session = createBrokerSession({
    clientId: 'iomt-7-a',
    cleanSession: false,
    topics,
    echoes: createEchoFilter(() => START),
    budget: createPendingBudget(1).ofConnection(),
    inFlight: createInFlight(),
    deliver({ payload }, onSettled) {
      delivered.push(String(payload))
      unsettled.push(onSettled)
    },
    now: () => START,
    stopping: () => false,
    onTraffic() {},
    onStored() {},
    onStray() {},
    onNotStored() {},
    servedBefore: null,
  })
  session.opened({ sessionPresent: true, acknowledge() {}, destroy() {} } as unknown as Transport)
  const waiting = ['2', '3']
  const receive = (text: string, next: () => void) =>
    session.onPublish(
      {
        ...{ topic: socket.topic, payload: Buffer.alloc(40_000, text), payloadBytes: 40_000, qos: 1 },
        ...{ packetId: Number(text[0]), dup: false, retain: false },
      },
      next,
    )
  // As the splitter does: the next one when this one has been passed.
  const readOn = () => {
    const next = waiting.shift()
    if (next) receive(next, readOn)
  }
  receive('1', readOn)
  expect(delivered).toHaveLength(1)
  session.closed()
  for (const settled of unsettled) settled()
  expect(waiting).toEqual([])
  expect(delivered).toHaveLength(1)
})
