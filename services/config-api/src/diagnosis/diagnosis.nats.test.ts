import { TELEMETRY_CONSUMER, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { AckPolicy } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../testing/config-api-with-nats.ts'
import { create, createEstate } from '../testing/estate.ts'
import { readWaiting } from './waiting-readings.ts'

let started: ConfigApiWithNats
let bus: ConfigApiWithNats['bus']
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats()
  ;({ bus, running } = started)
})
afterAll(() => started.stop())

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
