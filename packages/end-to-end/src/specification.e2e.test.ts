import type { SocketDiagnosis } from '@iomt/contracts/rest/socket-diagnosis'
import type { SocketMqttTested } from '@iomt/contracts/rest/socket-test'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { startAedes } from '@iomt/testing/aedes-broker'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Product, startProduct } from './product.ts'

const MESSAGES = 1_000

describe.each([
  ['Mosquitto', () => startMosquitto({ logPackets: false })],
  ['aedes', () => startAedes()],
])('the specification’s example on %s', (_name, startBroker) => {
  let broker: { url: string; host: string; port: number; stop(): Promise<void> }
  let product: Product
  let device: MqttClient
  let subscriber: NatsConnection

  beforeAll(async () => {
    ;[broker, product] = await Promise.all([startBroker(), startProduct()])
    device = await mqtt.connectAsync(broker.url)
    subscriber = await connect({ servers: product.nats.url })
  })
  afterAll(async () => {
    await device?.endAsync(true)
    await subscriber?.close()
    await product?.stop()
    await broker?.stop()
  })

  test('configured over REST, 1,000 messages at QoS 1: each in the log once, the last one the current state, each on NATS', async () => {
    const { call } = product
    const organization = await call<{ id: string }>('POST', '/organizations', { code: 'hopt', name: 'Hospital' })
    const department = await call<{ id: string }>('POST', '/departments', {
      organization_id: organization.id,
      code: 'icu',
      name: 'Intensive care',
    })
    const pdu = await call<{ id: string }>('POST', '/pdus', {
      organization_id: organization.id,
      department_id: department.id,
      code: 'tang3',
      name: 'Third floor',
      timezone: 'Asia/Ho_Chi_Minh',
      mqtt_base_topic: 'hopt/tang3/pkt',
    })
    const socket = await call<{ id: string; topic: string }>('POST', `/pdus/${pdu.id}/sockets`, {
      socket_number: 1,
      mqtt_topic_suffix: 'socket1',
    })
    expect(socket.topic).toBe('hopt/tang3/pkt/socket1')
    const ventilator = await call<{ id: string }>('POST', '/devices', {
      organization_id: organization.id,
      name: 'Ventilator 1',
      device_type: 'ventilator',
    })
    await call(
      'POST',
      '/mqtt/devices',
      {
        device_id: ventilator.id,
        socket_id: socket.id,
        mqtt_broker_host: broker.host,
        mqtt_broker_port: broker.port,
        mqtt_credentials: { username: 'iomt_user', password: 'secure_password' },
        mqtt_config: { qos: 1, retain: false, keepalive: 60, clean_session: true },
      },
      201,
    )
    const status = () => call<SocketStatus>('GET', `/sockets/${socket.id}/mqtt-status`)
    await waitFor(async () => (await status()).status === 'idle', { what: 'the socket to be subscribed' })

    const onNats: TelemetryMessage[] = []
    subscriber.subscribe(`iomt.v1.telemetry.hopt.icu.tang3.1.${ventilator.id}`, {
      callback: (_error, message) => {
        onNats.push(message.json<TelemetryMessage>())
      },
    })
    await subscriber.flush()
    await Promise.all(
      Array.from({ length: MESSAGES }, (_, index) =>
        device.publishAsync(
          socket.topic,
          JSON.stringify({ voltage: 220.5, current: index / 1_000, power: index, energy: index, socket_state: 'on' }),
          { qos: 1 },
        ),
      ),
    )
    const rows = await waitFor(
      async () => {
        const stored = await product.database.pool.query<{
          energy: number
          device_id: string
          data_json: { energy: number }
        }>('select energy, device_id, data_json from device_data_logs where socket_id = $1 order by energy', [
          socket.id,
        ])
        return stored.rows.length >= MESSAGES && stored.rows
      },
      { what: `${MESSAGES} rows`, timeout: 20_000 },
    )
    expect(rows.map((row) => row.energy)).toEqual(Array.from({ length: MESSAGES }, (_, index) => index))
    expect(new Set(rows.map((row) => row.device_id))).toEqual(new Set([ventilator.id]))
    expect(rows.at(-1)?.data_json).toMatchObject({ power: MESSAGES - 1, socket_state: 'on' })

    const state = await call<{ measurements: Record<string, number> }>('GET', `/mqtt/devices/${ventilator.id}/state`)
    expect(state.measurements).toMatchObject({
      energy: MESSAGES - 1,
      active_power: MESSAGES - 1,
      voltage: 220.5,
      relay_on: true,
    })
    const diagnosis = () => call<SocketDiagnosis>('GET', `/sockets/${socket.id}/diagnosis`)
    expect((await diagnosis()).hops.filter(({ state }) => state !== 'ok')).toEqual([])
    const tested = await call<SocketMqttTested>('POST', `/sockets/${socket.id}/mqtt-test`, { wait_seconds: 0 })
    expect(tested.works).toBe(true)
    expect(tested.steps.map(({ state }) => state)).toEqual(['ok', 'ok', 'skipped'])
    await waitFor(() => onNats.length >= MESSAGES, { what: 'each message on NATS' })
    expect(new Set(onNats.map((message) => message.measurements.energy)).size).toBe(MESSAGES)
    expect(onNats).toHaveLength(MESSAGES)

    const history = await call<{ items: { measurements: { energy: number } }[]; next_cursor: string | null }>(
      'GET',
      `/mqtt/devices/${ventilator.id}/telemetry?limit=10`,
    )
    expect(history.items.map((item) => item.measurements.energy)).toEqual(
      Array.from({ length: 10 }, (_, index) => MESSAGES - 1 - index),
    )
    expect(history.next_cursor).toEqual(expect.any(String))
    expect(await status()).toMatchObject({
      status: 'online',
      gateway: 'mqtt-gateway-1',
      traffic: { messages: MESSAGES },
    })

    await call('DELETE', `/mqtt/devices/${ventilator.id}`, undefined, 204)
    await waitFor(
      async () => {
        await device.publishAsync(socket.topic, '{"voltage":1}', { qos: 1 })
        const last = await product.database.pool.query<{ device_id: string | null }>(
          'select device_id from device_data_logs where socket_id = $1 order by timestamp desc limit 1',
          [socket.id],
        )
        return last.rows[0]?.device_id === null
      },
      { what: 'readings without a device after the device was taken off', interval: 200 },
    )
  })

  test('the password is in no table, no log line, no message', async () => {
    const secret = 'secure_password'
    const outputs = [product.configApi, product.gateway, product.writer].map((service) => service.output())
    expect(outputs.join('\n')).not.toContain(secret)
    const { rows: tables } = await product.database.pool.query<{ name: string }>(
      "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    for (const { name } of tables) {
      const { rows } = await product.database.pool.query(
        `select 1 from ${name} as row where row::text like $1 limit 1`,
        [`%${secret}%`],
      )
      expect(rows, name).toEqual([])
    }
    const { jetstreamManager } = await import('@nats-io/jetstream')
    const manager = await jetstreamManager(subscriber)
    let scanned = 0
    for await (const stream of manager.streams.list()) {
      for (let seq = Math.max(1, stream.state.first_seq); seq <= stream.state.last_seq; seq += 1) {
        const stored = await manager.streams.getMessage(stream.config.name, { seq }).catch(() => null)
        if (!stored) continue
        scanned += 1
        expect(stored.string()).not.toContain(secret)
      }
    }
    expect(scanned).toBeGreaterThan(MESSAGES)
  })
})
