import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../testing/config-api-with-nats.ts'
import { publishDeadLetter } from '../testing/dead-letter-publisher.ts'
import { create, createEstate, expectStatus } from '../testing/estate.ts'
import { storedReading, storeReadings } from '../testing/stored-readings.ts'
import { type PublishingSocket, publishReading } from '../testing/telemetry-publisher.ts'

let started: ConfigApiWithNats
let bus: ConfigApiWithNats['bus']
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats()
  ;({ bus, running } = started)
})
afterAll(() => started.stop())

async function newSocket(fields: object = {}): Promise<PublishingSocket & { pdu: Body }> {
  const { organization, department, pdu } = await createEstate(running.api, fields)
  const socket = await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 's1' })
  return {
    organizationCode: organization.code,
    departmentCode: department.code,
    pduCode: pdu.code,
    socket,
    deviceId: null,
    pdu,
  }
}

const preview = async (body: object) => expectStatus(200, await running.api.post('/payloads/preview', body)).body
const samplesOf = async ({ socket }: PublishingSocket, query = '') =>
  expectStatus(200, await running.api.get(`/sockets/${socket.id}/samples${query}`)).body.items

test('a preview says what a message means and why, and stores nothing', async () => {
  const sensor = { Time: '2026-11-23T09:00:00', ENERGY: { Total: 3.1, Power: 41, Voltage: 230, Current: 0.21 } }
  const { pdu } = await newSocket({ timezone: 'Asia/Ho_Chi_Minh' })
  const before = await bus.manager.streams.info(TELEMETRY_STREAM.name)
  const answer = await preview({ payload: sensor, topic: 'tele/plug/SENSOR', pdu_id: pdu.id })
  expect(answer).toMatchObject({
    decoder: 'tasmota@1',
    reading: {
      measurements: { active_power: 41, voltage: 230, current: 0.21, energy: 3.1 },
      measured_at: '2026-11-23T02:00:00.000Z',
      partial: false,
      quality: [],
    },
    warnings: [],
  })
  expect(answer.explanation.length).toBeGreaterThan(0)
  const text = JSON.stringify(sensor)
  const { explanation: _, ...same } = answer
  expect(await preview({ payload: text, topic: 'tele/plug/SENSOR', pdu_id: pdu.id })).toMatchObject(same)
  expect(await preview({ payload_base64: Buffer.from(text).toString('base64'), pdu_id: pdu.id })).toMatchObject(same)
  expect((await bus.manager.streams.info(TELEMETRY_STREAM.name)).state.messages).toBe(before.state.messages)
})

test('a preview of a mapping, of doubts, of a status and of what is refused', async () => {
  const mapping = { measurements: { active_power: { pointer: '/meter/kw', unit: 'kW' } } }
  expect(await preview({ payload: { meter: { kw: 1.5 } }, payload_config: { mapping } })).toMatchObject({
    decoder: 'mapping@1',
    reading: { measurements: { active_power: 1500 } },
  })
  const missing = await preview({ payload: { voltage: 230 }, payload_config: { expected: ['voltage', 'current'] } })
  expect(missing).toMatchObject({ reading: { quality: ['missing:current'] } })
  expect(missing.warnings).toEqual([expect.stringContaining('current is expected')])
  expect(await preview({ payload: 'offline', topic: 'tele/plug/LWT' })).toMatchObject({
    availability: 'offline',
    reading: null,
  })
  expect(await preview({ payload: { colour: 'red' } })).toMatchObject({
    reading: null,
    rejection: { reason: 'no-known-field' },
  })
  const post = async (body: object) => problemOf(await running.api.post('/payloads/preview', body))
  expect(await post({})).toBe('400 /problems/invalid-request /payload')
  expect(await post({ payload: 1, payload_base64: 'AA==' })).toBe('400 /problems/invalid-request /payload')
  expect(await post({ payload_base64: '***' })).toBe('400 /problems/invalid-request /payload_base64')
  expect(await post({ payload: 1, payload_config: { format: 'abc' } })).toMatch(/^400 .*\/payload_config\/format$/)
  expect(await post({ payload: 1, payload_config: { mapping: {} } })).toMatch(
    /\/payload_config\/mapping\/measurements$/,
  )
  expect(await post({ payload: 1, pdu_id: newId() })).toBe('404 /problems/not-found /pdu_id')
  expect(await post({ payload: 1, payload_config: { profile: 'x' } })).toBe('400 /problems/invalid-request /pdu_id')
})

test('a preview uses the profile of the organization', async () => {
  const { pdu } = await newSocket()
  const config = { mapping: { measurements: { voltage: { pointer: '/u' } } } }
  const profile = { organization_id: pdu.organization_id, name: 'volts', payload_config: config }
  await create(running.api, '/payload-profiles', profile)
  const asked = { payload: { u: 229 }, pdu_id: pdu.id, payload_config: { profile: 'volts' } }
  expect((await preview(asked)).reading.measurements).toEqual({ voltage: 229 })
})

test('samples are the last messages of the socket and its dead letters, newest first, ready to be previewed', async () => {
  const mine = await newSocket()
  const other = await newSocket()
  const at = (second: number) => new Date(Date.now() + second * 1_000).toISOString()
  for (let index = 0; index < 30; index += 1) {
    await publishReading(bus, mine, { received_at: at(index), topic: mine.socket.topic, raw: { voltage: index } })
    await publishReading(bus, other, { received_at: at(index) })
  }
  await publishReading(bus, mine, { received_at: at(40), topic: `${mine.socket.topic}/relay/0/power`, raw: '41.5' })
  const binary = Buffer.from([8, 1, 0xff, 0])
  await publishReading(bus, mine, {
    received_at: at(41),
    topic: mine.socket.topic,
    raw: { base64: binary.toString('base64') },
  })
  await publishDeadLetter(bus, mine, Buffer.from('{"a":1}'), { received_at: at(50) })
  await publishDeadLetter(bus, mine, binary, { received_at: at(39) })
  const items = await samplesOf(mine, '?limit=5')
  expect(items.map(({ kind, payload, payload_base64: base64 }: Body) => [kind, payload ?? base64])).toEqual([
    ['dead-letter', '{"a":1}'],
    ['reading', binary.toString('base64')],
    ['reading', '41.5'],
    ['dead-letter', binary.toString('base64')],
    ['reading', '{"voltage":29}'],
    ['reading', '{"voltage":28}'],
    ['reading', '{"voltage":27}'],
  ])
  expect(items[0]).toMatchObject({ reason: 'no-known-field', decoder: null, topic: mine.socket.topic })
  expect(items[2]).toMatchObject({ relative_topic: 'relay/0/power', decoder: 'flat-json@1' })
  expect(
    expectStatus(200, await running.api.get(`/sockets/${mine.socket.id.toUpperCase()}/samples?limit=5`)).body,
  ).toEqual({ items })
  const { payload, topic, relative_topic } = items[2]
  expect((await preview({ payload, topic, relative_topic })).reading.measurements).toEqual({ active_power: 41.5 })
  expect(await samplesOf(await newSocket())).toEqual([])
})

test('dead letters from before a rename are samples too, and those of other sockets are not', async () => {
  const before = await newSocket()
  await publishDeadLetter(bus, before, Buffer.from('{"a":1}'))
  const neighbour = await create(running.api, `/pdus/${before.pdu.id}/sockets`, { socket_number: 2 })
  for (let index = 0; index < 30; index += 1) {
    await publishDeadLetter(bus, { ...before, socket: neighbour }, Buffer.from('{"b":1}'))
  }
  expectStatus(200, await running.api.patch(`/pdus/${before.pdu.id}`, { code: 'renamed' }))
  await publishDeadLetter(bus, { ...before, pduCode: 'renamed' }, Buffer.from('{"a":2}'))
  const payloads = async (query = '') => (await samplesOf(before, query)).map(({ payload }: Body) => payload)
  expect(await payloads()).toEqual(['{"a":2}', '{"a":1}'])
  expect(await payloads('?limit=1')).toEqual(['{"a":2}'])
})

test('a silent socket is found behind thousands of messages of others', async () => {
  const silent = await newSocket()
  const loud = await newSocket()
  await publishReading(bus, silent, { raw: { voltage: 1 } })
  await publishReading(bus, silent, { raw: { voltage: 2 } })
  await Promise.all(Array.from({ length: 3_000 }, () => publishReading(bus, loud)))
  await publishReading(bus, silent, { raw: { voltage: 3 } })
  expect((await samplesOf(silent)).map(({ payload }: Body) => payload).sort()).toEqual(
    [1, 2, 3].map((voltage) => `{"voltage":${voltage}}`),
  )
})

test('readings that have left the stream come from the table', async () => {
  const mine = await newSocket()
  const measuredAt = new Date(Date.now() - 10 * 86_400_000)
  const reading = storedReading({ socketId: mine.socket.id, deviceId: null, measuredAt, measurements: { voltage: 9 } })
  await storeReadings(running.migrated.pool, [reading])
  expect(await samplesOf(mine)).toMatchObject([
    { kind: 'reading', id: reading.id, received_at: measuredAt.toISOString(), topic: null, payload: '{"voltage":9}' },
  ])
})
