import { readFileSync } from 'node:fs'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import mqtt from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Product, startProduct } from './product.ts'

const USERS = ['config-api', 'mqtt-gateway', 'telemetry-writer', 'ward-dashboard']
const passwordOf = (user: string) => `secret-of-${user}`

let broker: Awaited<ReturnType<typeof startMosquitto>>
let product: Product
let dashboard: NatsConnection
const violations: string[] = []

beforeAll(async () => {
  // nats-server reads them from its environment.
  for (const user of USERS) process.env[`NATS_${user.toUpperCase().replace('-', '_')}_PASSWORD`] = passwordOf(user)
  broker = await startMosquitto()
  product = await startProduct({
    nats: { config: readFileSync(new URL('../../../infra/nats/users.conf', import.meta.url), 'utf8') },
    natsLogin: (service) => `${service}:${passwordOf(service)}`,
  })
  dashboard = await connect({
    servers: product.nats.url,
    user: 'ward-dashboard',
    pass: passwordOf('ward-dashboard'),
    inboxPrefix: '_INBOX_ward-dashboard',
  })
  const watch = async () => {
    for await (const status of dashboard.status()) if (status.type === 'error') violations.push(String(status.error))
  }
  void watch()
})
afterAll(async () => {
  await dashboard?.close()
  await product?.stop()
  await broker?.stop()
})

/** A socket of this department with a device that sends once; what it sent is stored. */
async function readingFrom(organizationId: string, department: string): Promise<string> {
  const { call } = product
  const { id: departmentId } = await call('POST', '/departments', {
    organization_id: organizationId,
    code: department,
    name: department,
  })
  const pdu = await call('POST', '/pdus', {
    organization_id: organizationId,
    department_id: departmentId,
    code: `pdu-${department}`,
    name: department,
    mqtt_base_topic: `hopt/${department}`,
    mqtt_broker_host: broker.host,
    mqtt_broker_port: broker.port,
  })
  const socket = await call<{ id: string; topic: string }>('POST', `/pdus/${pdu['id']}/sockets`, {
    socket_number: 1,
    mqtt_topic_suffix: 's1',
  })
  await waitFor(
    async () => (await call<{ status: string }>('GET', `/sockets/${socket.id}/mqtt-status`)).status === 'idle',
    { what: 'the socket to be subscribed' },
  )
  const device = await mqtt.connectAsync(broker.url)
  await device.publishAsync(socket.topic, '{"power":12}', { qos: 1 })
  await device.endAsync()
  await waitFor(
    async () =>
      (await product.database.pool.query('select 1 from device_data_logs where socket_id = $1', [socket.id]))
        .rowCount === 1,
    { what: 'the row' },
  )
  return socket.id
}

test('the product works with a user for each service, none of which lacks a permission', async () => {
  const live: string[] = []
  dashboard.subscribe('iomt.v1.telemetry.hopt.icu.>', { callback: (_error, { subject }) => void live.push(subject) })
  await dashboard.flush()
  const { id: hospital } = await product.call<{ id: string }>('POST', '/organizations', {
    code: 'hopt',
    name: 'Hopital',
  })
  const socketId = await readingFrom(hospital, 'icu')
  await readingFrom(hospital, 'er')
  expect(live).toEqual(['iomt.v1.telemetry.hopt.icu.pdu-icu.1._'])
  await product.call('POST', `/sockets/${socketId}/mqtt-test`, { wait_seconds: 0 })
  await waitFor(
    async () =>
      (await product.call<{ items: unknown[] }>('GET', `/sockets/${socketId}/status-events`)).items.length > 0,
    { what: 'a status event' },
  )
  const outputs = [product.configApi, product.gateway, product.writer].map((service) => service.output()).join('')
  expect(`${outputs}${product.nats.log()}`).not.toMatch(/permissions? violation/i)
})

test('a subscriber reads its ward with a durable consumer, and can do nothing else', async () => {
  const { streams, consumers } = await jetstreamManager(dashboard)
  const stream = 'IOMT_TELEMETRY'
  await consumers.add(stream, {
    durable_name: 'ward-dashboard',
    filter_subject: 'iomt.v1.telemetry.hopt.icu.>',
    ack_policy: AckPolicy.Explicit,
  })
  const consumer = await jetstream(dashboard).consumers.get(stream, 'ward-dashboard')
  const message = await consumer.next({ expires: 5_000 })
  expect(message?.subject).toBe('iomt.v1.telemetry.hopt.icu.pdu-icu.1._')
  await message?.ackAck()
  expect(violations).toEqual([])

  const soon = { timeout: 500 }
  const forbidden: Array<[string, () => unknown]> = [
    ['all wards', () => dashboard.subscribe('iomt.v1.telemetry.>')],
    ['configuration', () => dashboard.subscribe('$KV.iomt_socket_config.>')],
    ['answers for others', () => dashboard.subscribe('_INBOX.>')],
    ['a reading', () => dashboard.publish('iomt.v1.telemetry.hopt.icu.pdu-icu.1._', '{}')],
    ['a command', () => dashboard.request('iomt.v1.rpc.gateway.any.test', '{}', soon)],
    ['an acknowledgement of the writer', () => dashboard.publish(`$JS.ACK.${stream}.telemetry-writer.1.1.1.1.0`)],
    ['the end of the stream', () => dashboard.request(`$JS.API.STREAM.DELETE.${stream}`, '', soon)],
    ['another consumer', () => dashboard.request(`$JS.API.CONSUMER.DELETE.${stream}.telemetry-writer`, '', soon)],
  ]
  for (const [what, attempt] of forbidden) {
    const before = violations.length
    await Promise.resolve(attempt()).catch(() => undefined)
    await dashboard.flush()
    await expect.poll(() => violations.length, { message: what }).toBe(before + 1)
    expect(violations.at(-1)).toMatch(/permissions violation/i)
  }
  expect((await streams.info(stream)).state.messages).toBe(2)
})
