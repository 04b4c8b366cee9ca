import type { SocketStatus } from '@iomt/contracts/socket-status'
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
        ...{ messages: 9, bytes: 900, dead_letters: 0, redelivered: 0, last_message_at: before(5), last_qos: 1 },
        ...traffic,
      },
    },
    ...{ socketVersion: 2, pduVersion: 3, lastStoredAt: new Date(before(5)), waitingToBeStored: 0, now: NOW },
    ...others,
  }
}

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
    facts({ traffic: { last_message_at: before(30) } }, { lastStoredAt: new Date(before(300)), waitingToBeStored: 12 }),
    'storage',
    /telemetry-writer/,
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
    { lastStoredAt: new Date(before(60)), waitingToBeStored: 2 },
  )
  expect(statesOf(coming).at(-1)).toBe('storage unknown')
})

test('a snapshot or a last will after the newest reading breaks nothing', () => {
  expect(statesOf(facts({}, { lastStoredAt: new Date(before(600)) })).at(-1)).toBe('storage ok')
})

test('without NATS nobody knows what waits', () => {
  const given = facts({}, { lastStoredAt: null, waitingToBeStored: null })
  expect(statesOf(given).at(-1)).toBe('storage unknown')
})
