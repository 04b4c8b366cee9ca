import type { Measurements } from '@iomt/contracts/measurements'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import { readSamples, type Sample } from '@iomt/payload-decoders/testing/samples'
import { sparkplugMessage } from '@iomt/payload-decoders/testing/sparkplug-message'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Product, startProduct } from './product.ts'

interface Row {
  readonly measurements: Measurements
  readonly phases: Record<string, Measurements> | null
  readonly data_json: unknown
  readonly decoder: string
}
interface Socket {
  readonly id: string
  readonly topic: string
}

let broker: Awaited<ReturnType<typeof startMosquitto>>
let product: Product
let device: MqttClient
let pduId: string
let sockets = 0
beforeAll(async () => {
  ;[broker, product] = await Promise.all([startMosquitto({ logPackets: false }), startProduct()])
  device = await mqtt.connectAsync(broker.url)
  const { call } = product
  const organization = await call<{ id: string }>('POST', '/organizations', { code: 'hopt', name: 'Hospital' })
  const pdu = await call<{ id: string }>('POST', '/pdus', {
    organization_id: organization.id,
    code: 'vendors',
    name: 'One socket of each vendor',
    timezone: 'Asia/Ho_Chi_Minh',
    mqtt_base_topic: 'vendors',
    mqtt_broker_host: broker.host,
    mqtt_broker_port: broker.port,
  })
  pduId = pdu.id
})
afterAll(async () => {
  await device?.endAsync(true)
  await product?.stop()
  await broker?.stop()
})

async function newSocket(suffix: string, payloadConfig: object | null = null): Promise<Socket> {
  sockets += 1
  return await product.call<Socket>('POST', `/pdus/${pduId}/sockets`, {
    socket_number: sockets,
    mqtt_topic_suffix: suffix,
    payload_config: payloadConfig,
  })
}

const statusOf = ({ id }: Socket) => product.call<SocketStatus>('GET', `/sockets/${id}/mqtt-status`)

async function subscribed(all: readonly Socket[]): Promise<void> {
  for (const socket of all) {
    await waitFor(async () => (await statusOf(socket)).subscription.state === 'subscribed', { what: socket.topic })
  }
}

async function rowsOf({ id }: Socket, count: number): Promise<Row[]> {
  return await waitFor(
    async () => {
      const { rows } = await product.database.pool.query<Row>(
        `select jsonb_strip_nulls(jsonb_build_object('voltage', voltage, 'current', current, 'active_power', active_power,
           'apparent_power', apparent_power, 'reactive_power', reactive_power, 'power_factor', power_factor,
           'frequency', frequency, 'energy', energy, 'temperature', temperature, 'relay_on', relay_on)) as measurements,
           phases, data_json, decoder
         from device_data_logs where socket_id = $1 order by timestamp, id`,
        [id],
      )
      return rows.length >= count && rows
    },
    { what: `${count} rows`, timeout: 20_000 },
  )
}

function expectMeasurements(actual: Measurements | undefined, expected: Measurements, about: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const found = actual?.[name as keyof Measurements]
    if (typeof value === 'boolean') expect(found, `${about} ${name}`).toBe(value)
    else expect(found as number, `${about} ${name}`).toBeCloseTo(value, 9)
  }
}

/** The sockets of a sample: one, or one an outlet on the same topic. */
async function socketsOf(sample: Sample): Promise<{ socket: Socket; measurements: Measurements }[]> {
  const { name, expected } = sample
  // The example's placeholders are names like any other; this one's note says what the object is called.
  const tail = name === 'esphome-plain' ? 'plug1/sensor/sdm220m_voltage/state' : sample.topic
  const suffix = `${name}/${tail.replace(/^\//, '').replaceAll(/[+#]/g, 'x')}`
  if (expected.with_mapping) {
    const { columns, measurements } = expected.with_mapping
    const fields = Object.fromEntries(columns.flatMap((field, column) => (field === '-' ? [] : [[field, { column }]])))
    return [{ socket: await newSocket(suffix, { mapping: { source: 'csv', measurements: fields } }), measurements }]
  }
  const { channels = [] } = expected
  if (channels.length < 2)
    return [{ socket: await newSocket(suffix), measurements: expected.measurements ?? channels[0] ?? {} }]
  const first = /tasmota|mpower/.test(name) ? 1 : 0
  const all = []
  for (const [index, measurements] of channels.entries()) {
    all.push({ socket: await newSocket(suffix, { channel: index + first }), measurements })
  }
  return all
}

test('a message of each vendor becomes rows with what it means', async () => {
  const samples = readSamples().filter(({ expected }) => expected.availability === undefined)
  const placed = []
  for (const sample of samples) placed.push({ sample, outlets: await socketsOf(sample) })
  await subscribed(placed.flatMap(({ outlets }) => outlets.map(({ socket }) => socket)))
  for (const { sample, outlets } of placed) {
    await device.publishAsync(outlets[0]?.socket.topic as string, sample.payload, { qos: 1 })
  }
  for (const { sample, outlets } of placed) {
    for (const { socket, measurements } of outlets) {
      const [row] = await rowsOf(socket, 1)
      expectMeasurements(row?.measurements, measurements, sample.name)
      for (const name of sample.expected.must_be_absent ?? []) expect(row?.measurements).not.toHaveProperty(name)
      for (const [at, phase] of (sample.expected.phases ?? []).entries()) {
        expectMeasurements(row?.phases?.[`l${at + 1}`], phase, `${sample.name} l${at + 1}`)
      }
      const text = sample.payload.toString('utf8')
      if (sample.name === 'sparkplugb-ddata')
        expect(row?.data_json).toEqual({ base64: sample.payload.toString('base64') })
      else if (/^\s*[{[]/.test(text)) expect(row?.data_json).toEqual(JSON.parse(text))
    }
  }
  expect(placed.length).toBeGreaterThan(25)
}, 120_000)

test('a device that is not available is a status, and no row', async () => {
  const samples = readSamples().filter(({ expected }) => expected.availability !== undefined)
  expect(samples.length).toBeGreaterThan(0)
  for (const sample of samples) {
    const socket = await newSocket(`${sample.name}/${sample.topic}`)
    await subscribed([socket])
    await device.publishAsync(socket.topic, sample.payload, { qos: 1 })
    const online = sample.expected.availability === 'online'
    const status = await waitFor(
      async () => {
        const found = await statusOf(socket)
        return found.availability?.online === online && found
      },
      { what: 'the availability' },
    )
    expect(status.traffic.dead_letters).toBe(0)
    expect(
      (await product.database.pool.query('select from device_data_logs where socket_id = $1', [socket.id])).rowCount,
    ).toBe(0)
  }
})

test('a Sparkplug socket hears its births and deaths, so that aliases have names', async () => {
  const socket = await newSocket('spBv1.0/ward/DDATA/edge1/pdu1')
  const topicOf = (type: string, tail = '/pdu1') => socket.topic.replace('DDATA/edge1/pdu1', `${type}/edge1${tail}`)
  await subscribed([socket])
  const at = Date.now()
  const birth = sparkplugMessage(at, [
    { name: 'Outlet/Voltage', alias: 1, type: 9, value: 230, unit: 'V' },
    { name: 'Outlet/Current', alias: 2, type: 3, value: 213, unit: 'mA' },
  ])
  // As an edge node does when a host asks for a rebirth.
  const node = await mqtt.connectAsync(broker.url)
  await node.subscribeAsync(topicOf('NCMD', ''))
  node.on('message', (_topic, command) => {
    if (command.includes('Node Control/Rebirth')) node.publish(topicOf('DBIRTH'), birth, { qos: 1 })
  })
  const data = sparkplugMessage(at, [{ alias: 2, value: 500 }])
  await device.publishAsync(socket.topic, data, { qos: 1 })
  await rowsOf(socket, 2)
  await device.publishAsync(socket.topic, data, { qos: 1 })
  const rows = await rowsOf(socket, 3)
  expect(rows.map(({ measurements }) => measurements)).toEqual([{}, { voltage: 230, current: 0.213 }, { current: 0.5 }])
  await node.endAsync(true)
  await device.publishAsync(topicOf('NDEATH', ''), sparkplugMessage(at, []), { qos: 1 })
  await waitFor(async () => (await statusOf(socket)).availability?.online === false, { what: 'the death of the node' })
})

test('attribute topics below a socket merge into one state', async () => {
  const { call } = product
  const [{ organization_id: organizationId }] = (await call<{ items: { organization_id: string }[] }>('GET', '/pdus'))
    .items as [{ organization_id: string }]
  const socket = await newSocket('shellyplug-s-1', { subtree: true })
  const plug = await call<{ id: string }>('POST', '/devices', { organization_id: organizationId, name: 'Pump' })
  await call('POST', '/mqtt/devices', { device_id: plug.id, socket_id: socket.id })
  await subscribed([socket])
  await device.publishAsync(`${socket.topic}/online`, 'true', { qos: 1 })
  await device.publishAsync(`${socket.topic}/relay/0`, 'on', { qos: 1 })
  await device.publishAsync(`${socket.topic}/relay/0/power`, '41.52', { qos: 1 })
  await device.publishAsync(`${socket.topic}/relay/0/energy`, '120000', { qos: 1 })
  await rowsOf(socket, 3)
  const state = await waitFor(
    async () => {
      const found = await call<{ measurements: Measurements }>('GET', `/mqtt/devices/${plug.id}/state`)
      return Object.keys(found.measurements).length === 3 && found
    },
    { what: 'the merged state' },
  )
  // Gen1 counts watt-minutes: 120,000 of them are 2 kWh.
  expectMeasurements(state.measurements, { relay_on: true, active_power: 41.52, energy: 2 }, 'state')
  expect((await statusOf(socket)).availability?.online).toBe(true)
})

test('what nobody understood is stored once its mapping is there, from the samples of the socket itself', async () => {
  const { call } = product
  const socket = await newSocket('unknown')
  await subscribed([socket])
  for (let index = 1; index <= 3; index += 1) {
    await device.publishAsync(socket.topic, JSON.stringify({ q: { z9: index } }), { qos: 1 })
  }
  const samples = await waitFor(
    async () => {
      const { items } = await call<{ items: { payload: string; reason: string }[] }>(
        'GET',
        `/sockets/${socket.id}/samples`,
      )
      return items.length === 3 && items
    },
    { what: 'the dead letters' },
  )
  const config = { mapping: { measurements: { active_power: { pointer: '/q/z9', unit: 'kW' } } } }
  const preview = await call<{ reading: { measurements: Measurements } }>('POST', '/payloads/preview', {
    payload: samples[0]?.payload,
    payload_config: config,
  })
  expect(preview.reading.measurements).toEqual({ active_power: 3_000 })
  await call('PATCH', `/sockets/${socket.id}`, { payload_config: config })
  const replay = async () => {
    const range = {
      from: new Date(Date.now() - 600_000).toISOString(),
      to: new Date(Date.now() + 600_000).toISOString(),
    }
    const { id } = await call<{ id: string }>(
      'POST',
      '/replays',
      { source: 'dead-letters', socket_id: socket.id, ...range },
      202,
    )
    return await waitFor(
      async () => {
        const found = await call<{ state: string; stored: number; skipped: number }>('GET', `/replays/${id}`)
        return found.state !== 'running' && found
      },
      { what: 'the replay' },
    )
  }
  expect(await replay()).toMatchObject({ state: 'done', stored: 3, skipped: 0 })
  expect((await rowsOf(socket, 3)).map(({ measurements }) => measurements)).toEqual(
    [1, 2, 3].map((index) => ({ active_power: index * 1_000 })),
  )
  expect(await replay()).toMatchObject({ state: 'done', stored: 0, skipped: 3 })
  await device.publishAsync(socket.topic, JSON.stringify({ q: { z9: 4 } }), { qos: 1 })
  expect(await rowsOf(socket, 4)).toHaveLength(4)
})
