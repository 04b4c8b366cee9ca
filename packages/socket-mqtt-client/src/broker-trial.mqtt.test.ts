import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '@iomt/testing/free-port'
import { Aedes } from 'aedes'
import { expect, test } from 'vitest'
import { tryBroker } from './broker-trial.ts'
import type { SocketConfig } from './socket-config.ts'
import { CONNACK, CONNECT, handWritten, SUBSCRIBE, subackOf } from './testing/hand-written-broker.ts'
import { cleanUps, mosquitto, newClient, publisher, untilStatus } from './testing/mqtt-parties.ts'
import { testSocket } from './testing/socket.ts'
import { connectMqttJs } from './transport.mqttjs.ts'

const trial = (socket: SocketConfig, patience = 2_000) =>
  tryBroker(socket, { connect: connectMqttJs, clientId: 'iomt-trial-1', patience })

/** A device that publishes on the socket's topic until the test ends. */
async function sendsEvery(milliseconds: number, url: string, topic: string) {
  const device = await publisher(url)
  const timer = setInterval(() => device.publish(topic, '{"power":12}', { qos: 1 }), milliseconds)
  cleanUps.push(() => clearInterval(timer))
}

test.each([4, 5] as const)('a broker with a device that sends: every step is ok (protocol %i)', async (version) => {
  const broker = await mosquitto()
  const socket = testSocket(broker.url, { mqtt_config: { protocol_version: version, qos: 2 } })
  await sendsEvery(50, broker.url, socket.topic)
  const { steps, message } = await trial(socket)
  expect(steps).toEqual([
    { step: 'connect', state: 'ok', milliseconds: expect.any(Number), detail: `connected to 127.0.0.1:${broker.port}` },
    { step: 'subscribe', state: 'ok', milliseconds: expect.any(Number), detail: `${socket.topic} at QoS 2` },
    { step: 'data', state: 'ok', milliseconds: expect.any(Number), detail: `12 bytes on ${socket.topic}` },
  ])
  expect(message).toMatchObject({ topic: socket.topic, retain: false, qos: 1 })
  expect(message?.payload.toString()).toBe('{"power":12}')
})

test('nobody at the port: the steps behind it are skipped', async () => {
  const port = await freePort()
  const { steps, message } = await trial(testSocket(`mqtt://127.0.0.1:${port}`))
  expect(steps.map(({ step, state, detail }) => [step, state, detail])).toEqual([
    ['connect', 'failed', expect.stringContaining('ECONNREFUSED')],
    ['subscribe', 'skipped', 'connect comes first'],
    ['data', 'skipped', 'connect comes first'],
  ])
  expect(message).toBeNull()
})

test('who may not log in is told so, and no secret is named', async () => {
  const broker = await mosquitto({ allowAnonymous: false })
  const socket = testSocket(broker.url, { mqtt_credentials: { username: 'device', password: 'very-wrong' } })
  const { steps } = await trial(socket)
  expect(steps[0]).toMatchObject({ state: 'failed', detail: expect.stringMatching(/not authori[sz]ed/i) })
  expect(JSON.stringify(steps)).not.toContain('very-wrong')
})

test('a silent device: nothing came, or only what the broker had kept', async () => {
  const broker = await mosquitto()
  const silent = testSocket(broker.url)
  expect((await trial(silent, 300)).steps[2]).toMatchObject({
    state: 'failed',
    detail: `nothing came on ${silent.topic} within 0.3 s`,
  })
  const kept = testSocket(broker.url, { subtree: true })
  const device = await publisher(broker.url)
  await device.publishAsync(`${kept.topic}/state`, 'on', { retain: true, qos: 1 })
  const { steps, message } = await trial(kept, 300)
  expect(steps[2]).toMatchObject({
    state: 'failed',
    detail: `nothing came on ${kept.topic}/# within 0.3 s but a retained message, which may be old`,
  })
  expect(message).toMatchObject({ topic: `${kept.topic}/state`, retain: true })
})

test('a topic that the broker forbids is named, with its reason', async () => {
  const broker = await Aedes.createBroker()
  broker.authorizeSubscribe = (_client, _subscription, callback) => callback(null, null)
  const server = createServer((connection) => broker.handle(connection))
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  cleanUps.push(() => new Promise<void>((resolve) => broker.close(() => server.close(() => resolve()))))
  const { steps } = await trial(testSocket(`mqtt://127.0.0.1:${port}`, { topic: 'forbidden/1' }))
  expect(steps.map(({ state }) => state)).toEqual(['ok', 'failed', 'skipped'])
  expect(steps[1]?.detail).toMatch(/^forbidden\/1: refused by the broker/)
})

test.each([
  ['connect', CONNECT],
  ['subscribe', SUBSCRIBE],
])('a broker that closes instead of answering has failed at %s', async (step, type) => {
  const socket = await handWritten((packet, connection) => {
    if (packet[0] === type) connection.destroy()
    else connection.write(CONNACK)
  })
  const { steps } = await trial(socket)
  expect(steps.find(({ state }) => state === 'failed')).toMatchObject({
    step,
    detail: expect.stringMatching(/closed the connection|ECONNRESET/),
  })
})

/** PUBLISH at QoS 1, kept by the broker, of no bytes on `t`. */
const RETAINED = Buffer.from([0x33, 5, 0, 1, 0x74, 0, 1])

test('a broker that floods us and reads nothing is left', async () => {
  const socket = await handWritten((packet, connection) => {
    if (packet[0] === CONNECT) connection.write(CONNACK)
    if (packet[0] !== SUBSCRIBE) return
    connection.write(subackOf(packet))
    connection.pause()
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => RETAINED))
    const flood = () => {
      while (!connection.destroyed && connection.write(many));
    }
    connection.on('drain', flood)
    flood()
  })
  const { steps } = await trial(socket, 10_000)
  expect(steps[2]).toMatchObject({ state: 'failed', detail: expect.stringMatching(/^more than 10000 messages came/) })
})

test('without patience the last step is not taken, and nothing has failed', async () => {
  const broker = await mosquitto()
  const { steps } = await trial(testSocket(broker.url), 0)
  expect(steps.map(({ state, detail }) => [state, detail]).at(-1)).toEqual(['skipped', 'not asked for'])
})

test('the connection that brings the readings is left alone, and loses none', async () => {
  const broker = await mosquitto()
  const socket = testSocket(broker.url)
  const client = newClient({ loadSockets: async () => [socket] })
  const received: string[] = []
  client.on('data', ({ payload }) => received.push(payload.toString()))
  await client.initializeAll()
  await untilStatus(client, socket.socket_id, 'idle')
  const since = client.getSocketStatus(socket.socket_id)?.connection.since
  const device = await publisher(broker.url)
  const trying = trial(socket)
  for (let number = 0; number < 20; number += 1) {
    await device.publishAsync(socket.topic, `${number}`, { qos: 1 })
    await pause(20)
  }
  expect((await trying).steps[2]).toMatchObject({ state: 'ok' })
  await expect.poll(() => received).toEqual(Array.from({ length: 20 }, (_, number) => `${number}`))
  expect(client.getSocketStatus(socket.socket_id)?.connection.since).toEqual(since)
})
