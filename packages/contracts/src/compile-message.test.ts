import { expect, test } from 'vitest'
import { compileMessage } from './compile-message.ts'
import { compileSchema } from './compile-schema.ts'
import { AllStatusReply, PublishRequest, StatusReply } from './gateway-rpc.ts'
import { SocketDesiredState } from './socket-desired-state.ts'
import { NO_TRAFFIC, type SocketStatus } from './socket-status.ts'
import { TelemetryMessage } from './telemetry-message.ts'

const ID = '019aae70-0000-7000-8000-000000000001'
const NOW = '2026-11-23T09:00:00.000Z'

const reading = {
  v: 1,
  id: ID,
  socket_id: ID,
  socket_number: 1,
  pdu_id: ID,
  organization_id: ID,
  department_id: null,
  device_id: null,
  topic: 'ward/1',
  received_at: NOW,
  measured_at: NOW,
  measured_at_source: 'received',
  retained: false,
  qos: 1,
  measurements: { voltage: 230 },
  phases: { l1: { voltage: 230 } },
  extra: {},
  quality: [],
  decoder: 'flat-json@1',
  raw: {},
}
const status: SocketStatus = {
  socket_id: ID,
  status: 'online',
  reason: null,
  since: NOW,
  gateway: 'gateway-1',
  topic: 'ward/1',
  socket_version: 1,
  pdu_version: 1,
  connection: {
    state: 'connected',
    broker: 'broker.example:1883',
    client_id: 'client',
    since: null,
    session_resumed: true,
    attempts: 0,
    last_error: null,
  },
  subscription: { state: 'subscribed', requested_qos: 1, granted_qos: 1, reason: null },
  traffic: NO_TRAFFIC,
  advice: [],
}
const state = {
  v: 1,
  socket_id: ID,
  socket_version: 1,
  pdu_version: 1,
  socket_number: 1,
  name: null,
  enabled: true,
  organization_id: ID,
  organization_code: 'hopt',
  department_id: null,
  department_code: null,
  pdu_id: ID,
  pdu_code: 'tang3',
  device_id: null,
  timezone: 'UTC',
  topic: 'ward/1',
  payload_config: { subtree: true },
  broker: {
    host: 'broker.example',
    port: 1883,
    username: null,
    credentials: null,
    credentials_owner: `pdu:${ID}`,
    config: { tls: { enabled: true } },
    inherited_from: null,
  },
}

/** A copy with `newer: 1` in the object at this path. */
function withMore(value: object, ...path: string[]): object {
  const copy = structuredClone(value)
  const part = path.reduce<object>((at, name) => Reflect.get(at, name), copy)
  Reflect.set(part, 'newer', 1)
  return copy
}

test.each([
  ['a reading', TelemetryMessage, reading, []],
  ['its measurements', TelemetryMessage, reading, ['measurements']],
  ['those of a phase', TelemetryMessage, reading, ['phases', 'l1']],
  ['a status', StatusReply, { status }, ['status']],
  ['its traffic', StatusReply, { status }, ['status', 'traffic']],
  ['one of many', AllStatusReply, { gateway: 'gateway-1', statuses: [status] }, ['statuses', '0', 'connection']],
  ['an error', StatusReply, { error: { code: 'unknown-socket', detail: 'not here' } }, ['error']],
  ['a desired state', SocketDesiredState, state, []],
  ['its broker', SocketDesiredState, state, ['broker']],
])('a field that a newer version added to %s is no reason to refuse it', (_what, schema, message, path) => {
  const newer = withMore(message, ...path)
  expect(compileSchema(schema).check(newer)).toBe(false)
  expect(compileMessage(schema).violations(newer)).toEqual([])
  expect(compileMessage(schema).known(newer)).toEqual(message)
})

test.each([
  ['how payloads are read', SocketDesiredState, state, ['payload_config']],
  ['how the broker is spoken to', SocketDesiredState, state, ['broker', 'config']],
  ['how it is trusted', SocketDesiredState, state, ['broker', 'config', 'tls']],
  ['a command', PublishRequest, { socket_id: ID, payload_base64: '' }, []],
])(
  'a field that is not known in %s is refused: without it something else would be done',
  (_what, schema, message, path) => {
    expect(compileMessage(schema).violations(message)).toEqual([])
    expect(compileMessage(schema).check(withMore(message, ...path))).toBe(false)
  },
)

test('what is missing or of another kind is refused as ever', () => {
  const { check, known } = compileMessage(TelemetryMessage)
  const { topic: _, ...withoutTopic } = reading
  expect(check(reading)).toBe(true)
  expect(check(withoutTopic)).toBe(false)
  expect(known(withoutTopic)).toBe(null)
  expect(check({ ...reading, v: 2 })).toBe(false)
  expect(check({ ...reading, measurements: { voltage: '230' } })).toBe(false)
})
