import { NO_TRAFFIC } from '@iomt/contracts/socket-status'
import { waitFor } from '@iomt/testing/wait-for'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { telemetryMessage, testId } from './testing/messages.ts'
import { createWriterFixture, type WriterFixture } from './testing/writer-fixture.ts'

let fixture: WriterFixture
let counter = 0
const nextId = () => {
  counter += 1
  return testId(counter)
}
const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 9, 0, second)).toISOString()

beforeAll(async () => {
  fixture = await createWriterFixture()
  await fixture.startWriter()
  await fixture.startWriter()
})
beforeEach(async () => {
  await fixture.rows('truncate device_data_logs, device_current_state, socket_connection_events')
})
afterAll(() => fixture?.stop())

test('two writers store every message once, also when it is published twice', async () => {
  const messages = Array.from({ length: 600 }, (_, index) =>
    telemetryMessage({ id: nextId(), received_at: at(index % 60) }),
  )
  await Promise.all([...messages, ...messages].map((message) => fixture.publish(message)))
  await fixture.settled()
  await fixture.stored(600)
})

test('stores every field of a reading, and 0 and false as values', async () => {
  const id = nextId()
  const quality = ['a "quoted" one', 'b\\,{}']
  const raw = { text: '"\\ {} ê \n', zero: 0, list: [1, null] }
  await fixture.publish(
    telemetryMessage({
      id,
      measured_at: at(1),
      measured_at_source: 'device',
      measurements: { voltage: 0, current: 1e-9, energy: 12_345.678, relay_on: false },
      phases: { l1: { voltage: 1 } },
      extra: { mode: 'x' },
      quality,
      raw,
    }),
  )
  await fixture.stored(1)
  const [row] = await fixture.rows('select * from device_data_logs')
  expect(row).toMatchObject({
    id,
    timestamp: new Date('2026-11-23T09:00:00.123Z'),
    measured_at: new Date(at(1)),
    voltage: 0,
    current: 1e-9,
    active_power: null,
    energy: 12_345.678,
    relay_on: false,
    phases: { l1: { voltage: 1 } },
    extra: { mode: 'x' },
    data_json: raw,
    quality,
    measured_at_source: 'device',
    qos: 1,
    retained: false,
  })
})

test('merges the current state over batches, field by field and by the clock of the device', async () => {
  const send = (second: number, measurements: object) =>
    fixture.publish(
      telemetryMessage({
        id: nextId(),
        received_at: at(30 + second),
        measured_at: at(second),
        measured_at_source: 'device',
        measurements,
      }),
    )
  await send(5, { voltage: 230, current: 2, relay_on: true })
  await fixture.stored(1)
  await send(7, { current: 0, relay_on: false })
  await fixture.stored(2)
  await send(3, { voltage: 1, energy: 9 })
  await fixture.stored(3)
  await fixture.settled()
  expect(await fixture.rows('select * from device_current_state')).toMatchObject([
    {
      device_id: testId(0xd01),
      voltage: 230,
      current: 0,
      relay_on: false,
      energy: 9,
      measured_at: new Date(at(7)),
      last_seen_at: new Date(at(37)),
    },
  ])
})

test('a reading without a device is logged and changes no state', async () => {
  await fixture.publish(telemetryMessage({ id: nextId(), device_id: null }))
  await fixture.stored(1)
  expect(await fixture.rows('select device_id from device_data_logs')).toEqual([{ device_id: null }])
  expect(await fixture.rows('select * from device_current_state')).toEqual([])
})

test('poison among a thousand goes to the dead-letter stream with its reason; its neighbours are stored', async () => {
  const messages = Array.from({ length: 1_000 }, (_, index) =>
    telemetryMessage({ id: nextId(), raw: { text: index === 617 ? 'nul \u0000' : 'fine' } }),
  )
  await Promise.all([
    ...messages.map((message) => fixture.publish(message)),
    fixture.publish(Buffer.from('{"v":1}')),
    // A payload is taken over unparsed: that it is no JSON, Postgres says. Retained, it is looked for among those that are stored.
    ...[false, true].map((retained) => {
      const { raw: _, ...rest } = telemetryMessage({ id: nextId(), retained })
      return fixture.publish(Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"raw":{"voltage":tru}}`))
    }),
    fixture.publish(telemetryMessage({ id: nextId(), received_at: '1970-01-01T00:00:00.000Z' })),
  ])
  await fixture.settled()
  await fixture.stored(999)
  const letters: { reason: string; detail: string; socket_id: string | null }[] = []
  const stream = await fixture.bus.manager.streams.info('IOMT_DEADLETTER')
  for (let sequence = 1; sequence <= stream.state.messages; sequence += 1) {
    const message = await fixture.bus.manager.streams.getMessage('IOMT_DEADLETTER', { seq: sequence })
    expect(message?.subject).toBe('iomt.v1.deadletter.store.hopt.icu.tang3.1')
    letters.push(message?.json() as (typeof letters)[0])
  }
  expect(letters.map(({ reason }) => reason).sort()).toEqual([
    'contract-violation',
    'contract-violation',
    'rejected-by-database',
    'rejected-by-database',
    'rejected-by-database',
  ])
  const refused = letters.filter(({ reason }) => reason === 'rejected-by-database')
  expect(refused.map(({ detail }) => /\b22P0\d\b/.exec(detail)?.[0]).sort()).toEqual(['22P02', '22P02', '22P05'])
  expect(refused.map(({ socket_id }) => socket_id)).toEqual(Array(3).fill(testId(0xa01)))
})

test('makes the partition of a day that has none, also one that was dropped after it was used', async () => {
  const day = (date: string) => telemetryMessage({ id: nextId(), received_at: `${date}T23:59:59.999Z` })
  await fixture.publish(day('2025-02-28'))
  await fixture.stored(1)
  await fixture.rows('drop table device_data_logs_20250228')
  await fixture.publish(day('2025-02-28'))
  await fixture.publish(day('2025-03-01'))
  await fixture.stored(2)
  await fixture.settled()
  const [partition] = await fixture.rows(`select reloptions from pg_class where relname = 'device_data_logs_20250301'`)
  expect(partition).toEqual({
    reloptions: expect.arrayContaining(['autovacuum_vacuum_insert_threshold=-1']),
  })
})

test('redelivered after the duplicate window: stored once under the id that came first', async () => {
  const delivery = '8123-0000000000ab'
  const original = telemetryMessage({ id: `00000000-0000-7000-${delivery}`, received_at: at(1) })
  const again = { ...original, id: `00000000-0001-7000-${delivery}`, received_at: at(2), redelivered: true }
  const otherSocket = { ...again, socket_id: testId(0xa02) }
  await fixture.publish(original)
  await fixture.stored(1)
  await fixture.publish(again)
  await fixture.publish(otherSocket)
  await fixture.publish({ ...again, id: `00000000-0002-7000-${delivery}` })
  await fixture.settled()
  await fixture.stored(2)
  expect(await fixture.rows('select id from device_data_logs order by timestamp')).toEqual([
    { id: original.id },
    { id: otherSocket.id },
  ])
})

test('a retained snapshot is stored when its payload is new, and marked', async () => {
  const send = (raw: unknown, retained: boolean) =>
    fixture.publish(telemetryMessage({ id: nextId(), received_at: at(counter % 60), raw, retained }))
  await send({ voltage: 1, current: 2 }, false)
  await fixture.stored(1)
  await send({ current: 2.0, voltage: 1 }, true)
  await send({ voltage: 5 }, true)
  await send({ voltage: 5 }, true)
  await fixture.settled()
  await fixture.stored(2)
  expect(await fixture.rows('select retained, data_json from device_data_logs order by retained')).toEqual([
    { retained: false, data_json: { voltage: 1, current: 2 } },
    { retained: true, data_json: { voltage: 5 } },
  ])
})

test('stores status events of sockets once', async () => {
  const status = {
    socket_id: testId(0xa01),
    status: 'offline',
    reason: 'connection refused',
    since: at(1),
    gateway: 'mqtt-gateway-1',
    topic: 'hopt/tang3/pkt/socket1',
    socket_version: 1,
    pdu_version: 1,
    connection: {
      state: 'waiting',
      broker: 'b:1883',
      client_id: 'c',
      since: null,
      session_resumed: null,
      attempts: 3,
      last_error: 'x',
    },
    subscription: { state: 'none', requested_qos: null, granted_qos: null, reason: null },
    traffic: NO_TRAFFIC,
    advice: [],
  }
  const event = {
    v: 1,
    id: nextId(),
    at: at(2),
    organization_id: testId(1),
    department_id: null,
    pdu_id: testId(2),
    socket_number: 1,
    device_id: null,
    previous: 'online',
    status,
  }
  const payload = Buffer.from(JSON.stringify(event))
  for (let time = 0; time < 2; time += 1) await fixture.publish(payload, { subject: 'iomt.v1.status.hopt.icu.tang3.1' })
  const read = () => fixture.rows('select * from socket_connection_events')
  await waitFor(async () => (await read()).length > 0, { what: 'the status event' })
  expect(await read()).toMatchObject([
    {
      id: event.id,
      socket_id: status.socket_id,
      status: 'offline',
      previous: 'online',
      reason: 'connection refused',
      detail: status,
    },
  ])
})
