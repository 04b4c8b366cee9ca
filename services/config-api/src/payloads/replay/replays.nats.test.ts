import { createHash, randomBytes } from 'node:crypto'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { compileSchema } from '@iomt/contracts/compile-schema'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { waitFor } from '@iomt/testing/wait-for'
import { sql } from 'kysely'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../../testing/api-client.ts'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../../testing/config-api-with-nats.ts'
import { publishDeadLetter } from '../../testing/dead-letter-publisher.ts'
import { create, createEstate, expectStatus } from '../../testing/estate.ts'
import { startConfigApi } from '../../testing/start-config-api.ts'
import { storedReading, storeReadings } from '../../testing/stored-readings.ts'
import { type PublishingSocket, telemetryMessage } from '../../testing/telemetry-publisher.ts'

let started: ConfigApiWithNats
let nats: ConfigApiWithNats['nats']
let bus: ConfigApiWithNats['bus']
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats()
  ;({ nats, bus, running } = started)
})
afterAll(() => started.stop())

const HOUR = 3_600_000
const range = () => ({
  from: new Date(Date.now() - 24 * HOUR).toISOString(),
  to: new Date(Date.now() + HOUR).toISOString(),
})
const MAPPING = { mapping: { measurements: { active_power: { pointer: '/m/zz', unit: 'kW' } } } }

async function newSocket(fields: object = {}): Promise<PublishingSocket & { pdu: Body }> {
  const { organization, department, pdu } = await createEstate(running.api)
  const place = { socket_number: 1, mqtt_topic_suffix: 's1', ...fields }
  const socket = await create(running.api, `/pdus/${pdu.id}/sockets`, place)
  const codes = { organizationCode: organization.code, departmentCode: department.code, pduCode: pdu.code }
  return { ...codes, socket, deviceId: null, pdu }
}

async function replay(body: object): Promise<Body> {
  const begun = expectStatus(202, await running.api.post('/replays', { ...range(), ...body }))
  expect(begun.headers.get('location')).toBe(`/replays/${begun.body.id}`)
  return await waitFor(
    async () => {
      const { body: found } = await running.api.get(`/replays/${begun.body.id}`)
      return found.state !== 'running' && found
    },
    { what: 'the replay to end' },
  )
}

/** The readings of the socket in the stream. */
async function readingsOf({ socket }: PublishingSocket): Promise<TelemetryMessage[]> {
  const { state } = await bus.manager.streams.info(TELEMETRY_STREAM.name)
  const found: TelemetryMessage[] = []
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const stored = await bus.manager.streams.getMessage(TELEMETRY_STREAM.name, { seq })
    const message = stored?.json<TelemetryMessage>()
    if (message && message.socket_id === socket.id) found.push(message)
  }
  return found
}

const kilowatts = (value: number) => Buffer.from(JSON.stringify({ m: { zz: value } }))

test('dead letters become readings once their mapping is there: each one reading, however often replayed', async () => {
  const from = await newSocket()
  const deviceId = newId()
  const letters = []
  for (let index = 0; index < 5; index += 1) {
    const at = new Date(Date.now() - HOUR + index * 1_000).toISOString()
    letters.push(await publishDeadLetter(bus, from, kilowatts(index), { received_at: at, device_id: deviceId, qos: 2 }))
  }
  await publishDeadLetter(bus, from, Buffer.from('{"colour":"red"}'))
  await publishDeadLetter(bus, from, kilowatts(9), { payload_truncated: true })
  await publishDeadLetter(bus, from, kilowatts(9), { received_at: '2020-01-01T00:00:00.000Z' })
  const target = { source: 'dead-letters', socket_id: from.socket.id }
  expect(await replay(target)).toMatchObject({ state: 'done', examined: 7, decoded: 0, stored: 0, failed: 7 })

  expectStatus(200, await running.api.patch(`/sockets/${from.socket.id}`, { payload_config: MAPPING }))
  const counts = { examined: 7, decoded: 5, failed: 2 }
  expect(await replay({ ...target, dry_run: true })).toMatchObject({ ...counts, dry_run: true, stored: 0 })
  expect(await readingsOf(from)).toEqual([])
  const done = await replay(target)
  expect(done).toMatchObject({ state: 'done', ...counts, stored: 5, skipped: 0, error: null })
  expect(done.reasons['payload-truncated']).toBe(1)
  const readings = await readingsOf(from)
  const schema = compileSchema(TelemetryMessage)
  for (const reading of readings) expect(schema.violations(reading)).toEqual([])
  expect(
    readings.map(({ measurements, received_at: at, device_id: device, qos }) => [measurements, at, device, qos]),
  ).toEqual(letters.map(({ received_at: at }, index) => [{ active_power: index * 1_000 }, at, deviceId, 2]))
  expect(readings[0]).toMatchObject({ quality: ['replayed'], decoder: 'mapping@1', raw: { m: { zz: 0 } } })

  // Within the duplicate window JetStream knows them, afterwards the table does.
  expect(await replay(target)).toMatchObject({ ...counts, stored: 0, skipped: 5 })
  expect(await readingsOf(from)).toHaveLength(5)
  await storeReadings(
    running.migrated.pool,
    readings.map(({ id, received_at: at }) =>
      storedReading({ id, socketId: from.socket.id, deviceId, measuredAt: new Date(at) }),
    ),
  )
  await bus.manager.streams.delete(TELEMETRY_STREAM.name)
  await ensureStreams(bus, [TELEMETRY_STREAM])
  expect(await replay(target)).toMatchObject({ ...counts, stored: 0, skipped: 5 })
  expect(await readingsOf(from)).toEqual([])
})

test('dead letters are found under the codes of their time, however often those have changed', async () => {
  const { api } = running
  const from = await newSocket()
  const { organization_id: organizationId, id: pduId } = from.pdu
  const other = await create(api, '/departments', { organization_id: organizationId, code: 'ward', name: 'Ward' })
  const changes: [string, object, Partial<PublishingSocket>][] = [
    [`/sockets/${from.socket.id}`, { socket_number: 7 }, { socket: { ...from.socket, socket_number: 7 } }],
    [`/pdus/${pduId}`, { code: 'renamed' }, { pduCode: 'renamed' }],
    [`/pdus/${pduId}`, { department_id: other.id }, { departmentCode: 'ward' }],
    [`/departments/${other.id}`, { code: 'ward-2' }, { departmentCode: 'ward-2' }],
    [`/organizations/${organizationId}`, { code: 'merged' }, { organizationCode: 'merged' }],
  ]
  const neighbour = await create(api, `/pdus/${pduId}/sockets`, { socket_number: 2 })
  await publishDeadLetter(bus, { ...from, socket: neighbour }, kilowatts(99))
  let place: PublishingSocket = from
  await publishDeadLetter(bus, place, kilowatts(0))
  for (const [path, change, codes] of changes) {
    expectStatus(200, await api.patch(path, change))
    place = { ...place, ...codes }
    await publishDeadLetter(bus, place, kilowatts(1))
  }
  expectStatus(200, await api.patch(`/sockets/${from.socket.id}`, { payload_config: MAPPING }))
  const target = { source: 'dead-letters', dry_run: true }
  expect(await replay({ ...target, socket_id: from.socket.id })).toMatchObject({ examined: 6, decoded: 6 })
  // The neighbour's is one of the PDU's, and none is examined twice.
  expect(await replay({ ...target, pdu_id: pduId })).toMatchObject({ examined: 7, decoded: 6, failed: 1 })
})

test('a reading that could not be stored is decoded from its payload', async () => {
  const from = await newSocket({ payload_config: MAPPING })
  const message = telemetryMessage(from, { raw: { m: { zz: 2 } }, retained: true })
  await publishDeadLetter(bus, from, Buffer.from(JSON.stringify(message)), {
    stage: 'store',
    reason: 'rejected-by-database',
    received_at: message.received_at,
  })
  await publishDeadLetter(bus, from, Buffer.from('no JSON'), { stage: 'store', reason: 'contract-violation' })
  const target = { source: 'dead-letters', pdu_id: from.pdu.id }
  expect(await replay(target)).toMatchObject({ examined: 2, stored: 1, reasons: { 'contract-violation': 1 } })
  expect(await readingsOf(from)).toMatchObject([{ measurements: { active_power: 2_000 }, retained: true }])
})

test('stored readings are changed in place, and their minutes rolled up anew', async () => {
  const from = await newSocket()
  // Asked once: the test may go on into the next minute.
  const start = Math.floor(Date.now() / 60_000) * 60_000 - HOUR
  const minute = (index: number) => new Date(start + index * 60_000)
  const readings = Array.from({ length: 450 }, (_, index) =>
    storedReading({
      socketId: from.socket.id,
      deviceId: null,
      measuredAt: new Date(minute(0).getTime() + index * 1_000),
    }),
  )
  await storeReadings(running.migrated.pool, readings)
  const { database } = running.migrated
  await sql`update device_data_logs set data_json = '{"m":{"zz":1.5}}', voltage = 3 where socket_id = ${from.socket.id}`.execute(
    database,
  )
  const odd = readings[7]?.id as string
  await sql`update device_data_logs set data_json = '"nonsense"' where id = ${odd}`.execute(database)
  expectStatus(200, await running.api.patch(`/sockets/${from.socket.id}`, { payload_config: MAPPING }))
  const target = { source: 'logs', socket_id: from.socket.id }
  const rows = () =>
    database
      .selectFrom('device_data_logs')
      .select(['id', 'voltage', 'active_power', 'decoder', 'timestamp'])
      .where('socket_id', '=', from.socket.id)
      .orderBy('measured_at')
      .execute()
  expect(await replay({ ...target, dry_run: true })).toMatchObject({
    examined: 450,
    decoded: 449,
    stored: 0,
    failed: 1,
  })
  expect((await rows())[0]).toMatchObject({ voltage: 3, active_power: null })
  expect(await replay(target)).toMatchObject({ examined: 450, decoded: 449, stored: 449, failed: 1 })
  const after = await rows()
  expect(after.map(({ id }) => id)).toEqual(readings.map(({ id }) => id))
  expect(after[0]).toMatchObject({ voltage: null, active_power: 1_500, decoder: 'mapping@1' })
  expect(after[7]).toMatchObject({ voltage: 3, active_power: null })
  const pending = await database
    .selectFrom('rollup_pending')
    .select(['bucket', 'socket_ids'])
    .orderBy('bucket')
    .execute()
  const touched = pending.filter(({ socket_ids: ids }) => ids.includes(from.socket.id))
  expect(new Set(touched.map(({ bucket }) => bucket.getTime()))).toEqual(
    new Set(Array.from({ length: 8 }, (_, index) => minute(index).getTime())),
  )
  expect(await replay(target)).toMatchObject({ examined: 450, stored: 0, skipped: 449 })
})

test('a corrected time zone moves readings, and both of their minutes are rolled up', async () => {
  const from = await newSocket({ payload_config: { timezone: 'UTC' } })
  const { database } = running.migrated
  const receivedAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 - HOUR)
  const measuredAt = new Date(receivedAt.getTime() - 60_000)
  const reading = storedReading({ socketId: from.socket.id, deviceId: null, measuredAt: measuredAt, receivedAt })
  await storeReadings(running.migrated.pool, [reading])
  const local = new Date(receivedAt.getTime() + 7 * HOUR - 2 * 60_000).toISOString().slice(0, 19)
  await sql`update device_data_logs set data_json = ${JSON.stringify({ Time: local, ENERGY: { Power: 40, Voltage: 230 } })} where id = ${reading.id}`.execute(
    database,
  )
  expectStatus(
    200,
    await running.api.patch(`/sockets/${from.socket.id}`, { payload_config: { timezone: 'Asia/Ho_Chi_Minh' } }),
  )
  expect(await replay({ source: 'logs', socket_id: from.socket.id })).toMatchObject({ stored: 1 })
  const row = await database
    .selectFrom('device_data_logs')
    .select(['timestamp', 'measured_at', 'measured_at_source'])
    .where('id', '=', reading.id)
    .executeTakeFirstOrThrow()
  expect(row).toEqual({
    timestamp: receivedAt,
    measured_at: new Date(receivedAt.getTime() - 2 * 60_000),
    measured_at_source: 'device',
  })
  const pending = await database
    .selectFrom('rollup_pending')
    .select(['bucket', 'received_from', 'socket_ids'])
    .execute()
  const minuteOf = (at: Date) => Math.floor(at.getTime() / 60_000) * 60_000
  const touched = pending.filter(({ socket_ids: ids }) => ids.includes(from.socket.id))
  expect(touched.map(({ bucket }) => bucket.getTime()).sort()).toEqual([
    minuteOf(row.measured_at),
    minuteOf(measuredAt),
  ])
  expect(touched.map(({ received_from: at }) => at)).toEqual([receivedAt, receivedAt])
})

test('what is asked wrongly, and whose it is', async () => {
  const mine = await newSocket()
  const theirs = await newSocket()
  const post = async (body: object) =>
    problemOf(await running.api.post('/replays', { source: 'logs', ...range(), ...body }))
  expect(await post({})).toBe('400 /problems/invalid-request /socket_id')
  expect(await post({ socket_id: mine.socket.id, pdu_id: mine.pdu.id })).toBe(
    '400 /problems/invalid-request /socket_id',
  )
  expect(await post({ socket_id: mine.socket.id, to: range().from })).toBe('400 /problems/invalid-request /to')
  expect(await post({ socket_id: newId() })).toBe('404 /problems/not-found /socket_id')
  const bound = async (role: 'viewer' | 'operator' | 'admin') => {
    const key = `iomt_${randomBytes(32).toString('base64url')}`
    const hash = createHash('sha256').update(key).digest()
    const fields = { id: newId(), name: role, key_hash: hash, prefix: key.slice(0, 12), role }
    await running.migrated.database
      .insertInto('api_keys')
      .values({ ...fields, organization_id: mine.pdu.organization_id })
      .execute()
    return running.api.as(key)
  }
  const ask = { source: 'logs', ...range() }
  expect((await (await bound('viewer')).post('/replays', { ...ask, socket_id: mine.socket.id })).status).toBe(403)
  const admin = await bound('admin')
  expect((await admin.post('/replays', { ...ask, socket_id: theirs.socket.id })).status).toBe(404)
  expect((await admin.post('/replays', { ...ask, pdu_id: theirs.pdu.id })).status).toBe(404)
  expect((await admin.post('/replays', { ...ask, socket_id: mine.socket.id })).status).toBe(202)
  const operator = await bound('operator')
  const refused = await operator.post('/replays', { ...ask, socket_id: mine.socket.id })
  expect(problemOf(refused)).toBe('403 /problems/forbidden')
  expect(refused.body.detail).toContain('admin')
  for (const harmless of [{ dry_run: true }, { source: 'dead-letters' }]) {
    expect((await operator.post('/replays', { ...ask, ...harmless, socket_id: mine.socket.id })).status).toBe(202)
  }
  const other = await replay({ source: 'logs', socket_id: theirs.socket.id })
  expect((await operator.get(`/replays/${other.id}`)).status).toBe(404)
})

test('who started a replay that changes something is in the audit log', async () => {
  const from = await newSocket()
  const target = { socket_id: from.socket.id, ...range() }
  const begun: Body[] = []
  for (const source of ['logs', 'dead-letters']) {
    const answer = await running.api.post('/replays', { ...target, source }, { 'x-request-id': `replay-${source}` })
    begun.push(expectStatus(202, answer).body)
    expectStatus(202, await running.api.post('/replays', { ...target, source, dry_run: true }))
  }
  const rows = await running.migrated.database
    .selectFrom('audit_log')
    .select(['actor', 'action', 'entity', 'entity_id', 'version', 'before', 'after', 'request_id'])
    .where('entity', '=', 'replay')
    .where(sql`after ->> 'socket_id'`, '=', from.socket.id)
    .orderBy('at')
    .execute()
  const written = { actor: 'first-admin', action: 'created', entity: 'replay', version: null, before: null }
  expect(rows).toMatchObject(
    ['logs', 'dead-letters'].map((source, index) => {
      const { id, requested_by } = begun[index]
      return {
        ...written,
        entity_id: id,
        after: {
          id,
          source,
          socket_id: from.socket.id,
          from: target.from,
          to: target.to,
          requested_by,
          dry_run: false,
        },
        request_id: `replay-${source}`,
      }
    }),
  )
})

test('a replay that its process does not live to end says so', async () => {
  const from = await newSocket()
  const { migrated } = running
  const second = await startConfigApi({
    natsUrl: nats.url,
    migrated,
    config: { ADMIN_KEY_FILE: running.config.ADMIN_KEY_FILE },
  })
  const admin = second.api
  await waitFor(async () => (await admin.get(`/sockets/${from.socket.id}/samples`)).status === 200, { what: 'NATS' })
  for (let index = 0; index < 600; index += 1) await publishDeadLetter(bus, from, kilowatts(index))
  const begun = await admin.post('/replays', { source: 'dead-letters', socket_id: from.socket.id, ...range() })
  await second.stop()
  const { body } = await running.api.get(`/replays/${begun.body.id}`)
  expect(['interrupted', 'done']).toContain(body.state)
  // Killed, it could not even say that: its heart stops beating.
  await sql`update replays set state = 'running', heartbeat_at = now() - interval '1 minute' where id = ${begun.body.id}`.execute(
    migrated.database,
  )
  expect((await running.api.get(`/replays/${begun.body.id}`)).body.state).toBe('interrupted')
})
