import { NO_TRAFFIC, type SocketStatus } from '@iomt/contracts/socket-status'
import { expect, test } from 'vitest'
import { type DiagnosisFacts, diagnose } from './diagnose.ts'

const NOW = new Date('2026-11-23T09:00:00.000Z')
const before = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000).toISOString()

type Changes = Partial<Omit<SocketStatus, 'connection' | 'subscription' | 'traffic'>> & {
  readonly [Part in 'connection' | 'subscription' | 'traffic']?: Partial<SocketStatus[Part]>
}

/** A socket whose data flows, but for these changes. */
function facts(changes: Changes = {}, others: Partial<DiagnosisFacts> = {}): DiagnosisFacts {
  const { connection, subscription, traffic, ...rest } = changes
  return {
    status: {
      ...{ socket_id: 's', status: 'online', reason: null, since: before(900), gateway: 'gateway-1', topic: 'ward/s1' },
      ...{ socket_version: 2, pdu_version: 3, advice: [] },
      ...rest,
      connection: {
        ...{ state: 'connected', broker: 'broker:1883', client_id: 'c', since: before(900) },
        ...{ session_resumed: true, attempts: 0, last_error: null },
        ...connection,
      },
      subscription: { state: 'subscribed', requested_qos: 1, granted_qos: 1, reason: null, ...subscription },
      traffic: {
        ...{ ...NO_TRAFFIC, messages: 9, bytes: 900, last_message_at: before(5), last_qos: 1 },
        ...traffic,
      },
    },
    ...{ socketVersion: 2, pduVersion: 3, lastStoredAt: new Date(before(5)), now: NOW },
    ...{ waiting: { count: 0, oldestAt: null }, silentAfter: null },
    ...others,
  }
}

/** Readings of all sockets, the oldest of which came so many seconds ago. */
const waitingSince = (seconds: number) => ({ count: 400, oldestAt: new Date(before(seconds)) })

const statesOf = (given: DiagnosisFacts) => diagnose(given).map(({ hop, state }) => `${hop} ${state}`)
const brokenOf = (given: DiagnosisFacts) => diagnose(given).find(({ state }) => state === 'failed')

test('data that flows: every hop is ok, and nothing is to be done', () => {
  const hops = diagnose(facts())
  expect(hops.map(({ state, what_to_do: advice }) => [state, advice])).toEqual(Array(7).fill(['ok', null]))
})

test.each<[string, DiagnosisFacts, string, RegExp]>([
  ['disabled', facts({ status: 'disabled', gateway: null }), 'configuration', /is_enabled/],
  ['no broker', facts({ status: 'unconfigured', gateway: null }), 'configuration', /PATCH/],
  ['no gateway', facts({ status: 'unassigned', gateway: null }), 'gateway', /GET \/gateways/],
  ['an old configuration', facts({}, { pduVersion: 4 }), 'gateway', /some seconds/],
  [
    'no broker there',
    facts({ connection: { state: 'waiting', attempts: 4, last_error: 'connect ECONNREFUSED 10.0.0.1:1883' } }),
    'connection',
    /reach it/,
  ],
  [
    'a wrong password',
    facts({ connection: { state: 'waiting', last_error: 'Connection refused: Not authorized' } }),
    'connection',
    /mqtt_credentials/,
  ],
  [
    'a wrong authority',
    facts({ connection: { state: 'waiting', last_error: 'self-signed certificate' } }),
    'connection',
    /tls/,
  ],
  ['no permission', facts({ subscription: { state: 'refused', reason: '0x80' } }), 'subscription', /Allow/],
  [
    'a silent device',
    facts({ status: 'idle', traffic: { last_message_at: before(600) } }),
    'messages',
    /mosquitto_sub -h broker -p 1883 -t 'ward\/s1' -v shows/,
  ],
  [
    'never heard of',
    facts({ status: 'idle', traffic: { messages: 0, last_message_at: null } }),
    'messages',
    /switched on/,
  ],
  ['nonsense', facts({ status: 'degraded', traffic: { dead_letters: 9 } }), 'understanding', /samples/],
  [
    'a writer that is gone',
    facts(
      { traffic: { last_message_at: before(1) } },
      { lastStoredAt: new Date(before(40)), waiting: waitingSince(40) },
    ),
    'storage',
    /telemetry-writer/,
  ],
  [
    'a writer that is gone, and a device that just sent for the first time',
    facts({}, { lastStoredAt: null, waiting: waitingSince(16) }),
    'storage',
    /telemetry-writer/,
  ],
  ['no writer yet', facts({}, { lastStoredAt: null, waiting: 'no-consumer' }), 'storage', /Start a telemetry-writer/],
  [
    'a stream so full that gateways read nothing',
    facts({ status: 'idle', traffic: { last_message_at: before(300) } }, { waiting: waitingSince(320) }),
    'messages',
    /telemetry-writer/,
  ],
  [
    'messages of another channel for longer than any pause',
    facts({ traffic: { last_message_at: before(20) } }, { lastStoredAt: new Date(before(3_600)) }),
    'storage',
    /channel/,
  ],
  [
    'many messages, and none of them a reading',
    facts({ traffic: { last_message_at: before(20) } }, { lastStoredAt: null }),
    'storage',
    /samples/,
  ],
  [
    'a device that said good-bye',
    facts({ status: 'offline', availability: { online: false, at: before(1) } }),
    'messages',
    /Switch it on/,
  ],
  [
    'enabled, and the gateway has not heard of it',
    facts({ status: 'disabled', reason: 'switched off' }, { socketVersion: 3 }),
    'gateway',
    /outbox/,
  ],
  [
    'a socket that is new to the gateway',
    facts({ status: 'unassigned', gateway: null, reason: 'no socket s in this partition' }),
    'gateway',
    /outbox/,
  ],
  [
    'credentials of another key file',
    facts({
      status: 'error',
      reason: 'credentials are sealed with key "k2", which is not in the key file',
      connection: { state: 'none', broker: null, since: null },
    }),
    'connection',
    /key file/,
  ],
])('%s', (_what, given, hop, whatToDo) => {
  const broken = brokenOf(given)
  expect(broken?.hop).toBe(hop)
  expect(broken?.what_to_do).toMatch(whatToDo)
  // What comes behind the broken one is not blamed.
  const hops = diagnose(given)
  const index = hops.findIndex((it) => it.hop === hop)
  expect(hops.slice(0, index).every(({ state }) => state === 'ok')).toBe(true)
  expect(hops.slice(index + 1).every(({ state }) => state === 'unknown')).toBe(true)
})

test('a topic with quotation marks is quoted for the shell', () => {
  const silent = facts({ status: 'idle', topic: "ward/'s1; reboot'" })
  expect(brokenOf(silent)?.what_to_do).toContain(String.raw`-t 'ward/'\''s1; reboot'\''' -v`)
})

test('too early to tell is neither ok nor failed', () => {
  const fresh = facts({
    status: 'idle',
    connection: { since: before(20) },
    traffic: { messages: 0, last_message_at: null },
  })
  expect(statesOf({ ...fresh, lastStoredAt: null })).toEqual(
    expect.arrayContaining(['subscription ok', 'messages unknown', 'storage unknown']),
  )
  const coming = facts(
    { traffic: { last_message_at: before(1) } },
    { lastStoredAt: new Date(before(60)), waiting: waitingSince(1) },
  )
  expect(statesOf(coming).at(-1)).toBe('storage unknown')
  const connecting = facts({ connection: { state: 'connecting', attempts: 0 } })
  expect(statesOf(connecting)[2]).toBe('connection unknown')
  const seldom = { ...fresh, silentAfter: 3 * 3_600_000 }
  const longAgo = { ...fresh.status.connection, since: before(7_000) }
  const waiting = { ...seldom, status: { ...fresh.status, since: before(7_000), connection: longAgo } }
  expect(statesOf(waiting)).toContain('messages unknown')
  expect(statesOf({ ...waiting, silentAfter: null })).toContain('messages failed')
})

test('a snapshot or a last will after the newest reading breaks nothing', () => {
  expect(statesOf(facts({}, { lastStoredAt: new Date(before(600)) })).at(-1)).toBe('storage ok')
})

test('a socket that was added to an old connection has had no time to hear of its device', () => {
  const added = facts({ status: 'idle', since: before(2), traffic: { messages: 0, last_message_at: null } })
  expect(statesOf(added)).toContain('messages unknown')
})

test("on a busy system something always waits, which is nobody's fault", () => {
  const busy = facts({}, { lastStoredAt: new Date(before(600)), waiting: waitingSince(2) })
  expect(statesOf(busy).at(-1)).toBe('storage unknown')
  expect(statesOf({ ...busy, now: new Date(NOW.getTime() + 15_000) }).at(-1)).toBe('storage failed')
})

test('without NATS nobody knows what waits', () => {
  const given = facts({}, { lastStoredAt: null, waiting: null })
  expect(statesOf(given).at(-1)).toBe('storage unknown')
})
