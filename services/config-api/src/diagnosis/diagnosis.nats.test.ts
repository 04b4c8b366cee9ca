import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { TELEMETRY_CONSUMER, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { AckPolicy } from '@nats-io/jetstream'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { readWaiting } from './waiting-readings.ts'

let nats: NatsServer
let bus: Bus
let running: RunningConfigApi
beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'test', logger: pino({ level: 'silent' }) })
  await ensureStreams(bus, [TELEMETRY_STREAM])
  running = await startConfigApi({ natsUrl: nats.url })
})
afterAll(async () => {
  await running.stop()
  await bus.close()
  await nats.stop()
})

const brokenOf = ({ body }: { body: Body }) => [body.data_flows, body.first_broken_hop]

test('from the first hop on: configured, enabled, without a gateway', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1 })
  const path = `/sockets/${socket.id}`
  const diagnosis = await api.get(`${path}/diagnosis`)
  expect(brokenOf(diagnosis)).toEqual([false, 'configuration'])
  expect(diagnosis.body.hops[0].detail).toMatch(/mqtt_topic_suffix of the socket/)
  expect(diagnosis.body.what_to_do).toBe(diagnosis.body.hops[0].what_to_do)

  const complete = { mqtt_topic_suffix: 's1', mqtt_broker_host: 'broker.test', is_enabled: false }
  await api.patch(path, complete)
  expect((await api.get(`${path}/diagnosis`)).body.what_to_do).toMatch(/"is_enabled": true/)

  await api.patch(path, { is_enabled: true })
  const unowned = await api.get(`${path}/diagnosis`)
  expect(brokenOf(unowned)).toEqual([false, 'gateway'])
  expect(unowned.body.hops.map(({ state }: Body) => state)).toEqual(['ok', 'failed', ...Array(5).fill('unknown')])
})

test('a socket that is not there, or of somebody else, is not found', async () => {
  const unknown = '0190a000-0000-7000-8000-00000000ffff'
  expect(problemOf(await running.api.get(`/sockets/${unknown}/diagnosis`))).toBe('404 /problems/not-found')
})

test('what waits: nothing before the first writer, then the oldest that is not acknowledged', async () => {
  expect(await readWaiting(bus)).toBe('no-consumer')
  expect(await readWaiting(null)).toBeNull()
  await bus.manager.consumers.add(TELEMETRY_STREAM.name, {
    durable_name: TELEMETRY_CONSUMER,
    ack_policy: AckPolicy.Explicit,
  })
  expect(await readWaiting(bus)).toEqual({ count: 0, oldestAt: null })
  const times: Date[] = []
  for (let number = 0; number < 3; number += 1) {
    const { seq } = await bus.jetstream.publish('iomt.v1.telemetry.hopt.icu.tang3.1._', `${number}`)
    const stored = await bus.manager.streams.getMessage(TELEMETRY_STREAM.name, { seq })
    times.push(stored?.time as Date)
  }
  expect(await readWaiting(bus)).toEqual({ count: 3, oldestAt: times[0] })
  const consumer = await bus.jetstream.consumers.get(TELEMETRY_STREAM.name, TELEMETRY_CONSUMER)
  const first = await consumer.next()
  expect(await readWaiting(bus)).toEqual({ count: 3, oldestAt: times[0] })
  await first?.ackAck()
  expect(await readWaiting(bus)).toEqual({ count: 2, oldestAt: times[1] })
})
