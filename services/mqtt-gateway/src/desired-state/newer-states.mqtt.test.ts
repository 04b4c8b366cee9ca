import type { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { DEAD_LETTER_STREAM } from '@iomt/contracts/streams'
import { type MosquittoBroker, startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { desiredSocket } from '../testing/desired-state.ts'
import { createGatewayFixture, type GatewayFixture } from '../testing/gateway-fixture.ts'

let broker: MosquittoBroker
let fixture: GatewayFixture
let device: MqttClient

beforeAll(async () => {
  broker = await startMosquitto()
  fixture = await createGatewayFixture()
  await fixture.startGateway()
  device = await mqtt.connectAsync(broker.url)
})
afterAll(async () => {
  await device?.endAsync(true)
  await fixture?.stop()
  await broker?.stop()
})

test('a desired state with fields that a newer config-api added is followed, but not settings that are not known', async () => {
  const socket = desiredSocket(broker.url)
  await fixture.configure({ ...socket, newer: { a: 1 } } as SocketDesiredState)
  await fixture.untilStatus(socket, 'idle')
  const elsewhere = { ...socket, topic: `${socket.topic}-2`, socket_version: 2 }
  await fixture.configure({ ...elsewhere, payload_config: { scale: 1_000 } } as SocketDesiredState)
  // States are followed in their order: with the one after it, this one has been looked at.
  const after = desiredSocket(broker.url)
  await fixture.configure(after)
  await fixture.untilStatus(after, 'idle')
  expect(await fixture.status(socket)).toMatchObject({ topic: socket.topic, socket_version: 1 })
  await fixture.configure(elsewhere)
  await waitFor(async () => (await fixture.status(socket))?.topic === elsewhere.topic, { what: 'the new topic' })
})

test('of a socket whose payload_config is not known to a gateway that takes it over, payloads are kept as dead letters', async () => {
  const socket = desiredSocket(broker.url)
  await fixture.configure({ ...socket, payload_config: { scale: 1_000 } } as SocketDesiredState)
  const { advice } = await waitFor(
    async () => {
      await device.publishAsync(socket.topic as string, '{"voltage":230}', { qos: 1 })
      const status = await fixture.status(socket)
      return status && status.advice.length > 0 && status
    },
    { what: 'advice' },
  )
  expect(advice).toMatchObject([
    { code: 'only-dead-letters', detail: expect.stringContaining('payload_config: /scale') },
  ])
  const letters = (await fixture.messages<DeadLetterMessage>(DEAD_LETTER_STREAM.name)).filter(
    ({ socket_id: id }) => id === socket.socket_id,
  )
  expect(letters[0]).toMatchObject({ reason: 'contract-violation', payload_bytes: 15 })
  await fixture.configure(socket)
  await waitFor(
    async () => {
      await device.publishAsync(socket.topic as string, '{"voltage":231}', { qos: 1 })
      return (await fixture.status(socket))?.status === 'online'
    },
    { what: 'readings with a configuration that is known' },
  )
})
