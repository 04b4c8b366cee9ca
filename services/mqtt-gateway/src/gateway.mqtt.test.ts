import { createHash } from 'node:crypto'
import type { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketStatusEvent } from '@iomt/contracts/socket-status'
import { DEAD_LETTER_STREAM, STATUS_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { partitionRpcSubject } from '@iomt/contracts/subjects'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { PAYLOAD_BYTES_KEPT } from '@iomt/socket-mqtt-client/socket-config'
import { startAedes } from '@iomt/testing/aedes-broker'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { startTcpProxy } from '@iomt/testing/tcp-proxy'
import { waitFor } from '@iomt/testing/wait-for'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { desiredSocket } from './testing/desired-state.ts'
import { createGatewayFixture, type GatewayFixture } from './testing/gateway-fixture.ts'

describe.each([
  // A message comes once for each filter that matches, as MQTT 3.1.1 allows (3.3.5).
  ['Mosquitto', () => startMosquitto({ config: 'allow_duplicate_messages true' })],
  ['aedes', () => startAedes()],
])('with %s', (_name, startBroker) => {
  let broker: { url: string; stop(): Promise<void> }
  let fixture: GatewayFixture
  let device: MqttClient

  beforeAll(async () => {
    broker = await startBroker()
    fixture = await createGatewayFixture()
    await fixture.startGateway()
    device = await mqtt.connectAsync(broker.url)
  })
  afterAll(async () => {
    await device?.endAsync(true)
    await fixture?.stop()
    await broker?.stop()
  })

  const readingsOf = async (socketId: string, count: number) =>
    waitFor(
      async () => {
        const all = await fixture.messages<TelemetryMessage>(TELEMETRY_STREAM.name)
        const found = all.filter((message) => message.socket_id === socketId)
        return found.length >= count && found
      },
      { what: `${count} readings` },
    )
  const deadLettersOf = async (socketId: string, count: number) =>
    waitFor(
      async () => {
        const all = await fixture.messages<DeadLetterMessage>(DEAD_LETTER_STREAM.name)
        const found = all.filter((message) => message.socket_id === socketId)
        return found.length >= count && found
      },
      { what: `${count} dead letters` },
    )

  test('a reading arrives on NATS with everything the contract promises', async () => {
    const socket = desiredSocket(broker.url, { device_id: '0190a000-0000-7000-8000-000000000009' })
    await fixture.configure(socket)
    await fixture.untilStatus(socket, 'idle')
    await device.publishAsync(socket.topic as string, '{"voltage":220.5,"current":2.3,"power":507.15}', { qos: 1 })
    const [reading] = await readingsOf(socket.socket_id, 1)
    expect(reading).toMatchObject({
      v: 1,
      socket_id: socket.socket_id,
      device_id: socket.device_id,
      topic: socket.topic,
      measured_at_source: 'received',
      retained: false,
      qos: 1,
      measurements: { voltage: 220.5, current: 2.3, active_power: 507.15 },
      decoder: 'flat-json@1',
      raw: { voltage: 220.5, current: 2.3, power: 507.15 },
    })
    expect(reading?.redelivered).toBeUndefined()
    const status = await fixture.untilStatus(socket, 'online')
    expect(status.traffic).toMatchObject({ messages: 1, last_qos: 1 })
  })

  test('hostile payloads become dead letters with their bytes; a neighbour on the same connection is not disturbed', async () => {
    const pdu = { pdu_id: '0190a000-0000-7000-8000-0000000000aa' }
    const victim = desiredSocket(broker.url, pdu)
    const neighbour = desiredSocket(broker.url, { ...pdu, socket_number: 2 })
    await fixture.configure(victim)
    await fixture.configure(neighbour)
    await fixture.untilStatus(victim, 'idle')
    await fixture.untilStatus(neighbour, 'idle')
    const hostile: [string, string | Buffer][] = [
      ['payload-too-large', `{"voltage":1,"pad":"${'x'.repeat(1_000_000)}"}`],
      ['too-deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
      ['invalid-utf8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
      ['nul-character', '{"voltage":1,"note":"\\u0000"}'],
      ['number-out-of-range', '{"voltage":1e400}'],
      ['forbidden-key', '{"voltage":1,"__proto__":{"polluted":true}}'],
    ]
    for (const [, payload] of hostile) {
      await device.publishAsync(victim.topic as string, payload, { qos: 1 })
      await device.publishAsync(neighbour.topic as string, '{"voltage":230}', { qos: 1 })
    }
    const letters = await deadLettersOf(victim.socket_id, hostile.length)
    expect(letters.map((letter) => letter.reason)).toEqual(hostile.map(([reason]) => reason))
    for (const [index, letter] of letters.entries()) {
      expect(letter.payload_truncated).toBe(false)
      expect(Buffer.from(letter.payload_base64, 'base64').equals(Buffer.from(hostile[index]?.[1] as string))).toBe(true)
    }
    await readingsOf(neighbour.socket_id, hostile.length)
    expect((await fixture.status(victim))?.traffic.dead_letters).toBe(hostile.length)
  })

  test('a payload of 32 MB becomes one dead letter with its beginning and its size, acknowledged; the socket goes on', async () => {
    const socket = desiredSocket(broker.url)
    await fixture.configure(socket)
    await fixture.untilStatus(socket, 'idle')
    const payload = Buffer.alloc(32_000_000, '[1234]')
    await device.publishAsync(socket.topic as string, payload, { qos: 1 })
    await device.publishAsync(socket.topic as string, '{"voltage":230}', { qos: 1 })
    const [letter] = await deadLettersOf(socket.socket_id, 1)
    expect(letter).toMatchObject({
      reason: 'payload-too-large',
      detail: 'the payload has 32000000 bytes, at most 262144 are decoded',
      payload_bytes: 32_000_000,
      payload_truncated: true,
      payload_sha256: createHash('sha256').update(payload.subarray(0, PAYLOAD_BYTES_KEPT)).digest('hex'),
    })
    const kept = Buffer.from(letter?.payload_base64 as string, 'base64')
    expect(kept.equals(payload.subarray(0, PAYLOAD_BYTES_KEPT))).toBe(true)
    await readingsOf(socket.socket_id, 1)
    expect((await fixture.status(socket))?.traffic).toMatchObject({ messages: 2, bytes: 32_000_015, dead_letters: 1 })
    // Whoever serves the session next gets nothing again.
    await fixture.gateway.stop()
    await fixture.startGateway()
    await fixture.untilStatus(socket, 'idle')
    await device.publishAsync(socket.topic as string, '{"voltage":231}', { qos: 1 })
    await readingsOf(socket.socket_id, 2)
    expect((await fixture.status(socket))?.traffic).toMatchObject({ messages: 1 })
  })

  test('a changed topic, a disabled and a deleted socket take effect, and each change of status is an event', async () => {
    const socket = desiredSocket(broker.url)
    const untilReported = (status: string) =>
      waitFor(
        async () => {
          const events = (await fixture.messages<SocketStatusEvent>(STATUS_STREAM.name)).filter(
            (event) => event.status.socket_id === socket.socket_id,
          )
          return events.at(-1)?.status.status === status && events
        },
        { what: `a status event to say ${status}` },
      )
    await fixture.configure(socket)
    await untilReported('idle')
    const moved = { ...socket, topic: `${socket.topic}-moved`, socket_version: 2 }
    await fixture.configure(moved)
    await waitFor(async () => (await fixture.status(socket))?.topic === moved.topic, { what: 'the new topic' })
    await fixture.untilStatus(socket, 'idle')
    await device.publishAsync(moved.topic, '{"voltage":230}', { qos: 1 })
    await readingsOf(socket.socket_id, 1)
    await untilReported('online')
    await fixture.configure({ ...moved, enabled: false, socket_version: 3 })
    await untilReported('disabled')
    await fixture.configure({ ...moved, broker: null, socket_version: 4 })
    const events = await untilReported('unconfigured')
    const statuses = events.map((event) => event.status.status)
    // A busy gateway may report in between that it waits for the broker.
    expect(statuses.filter((status) => status !== 'offline')).toEqual(['idle', 'online', 'disabled', 'unconfigured'])
    expect(events.map((event) => event.previous)).toEqual([null, ...statuses.slice(0, -1)])
    await fixture.remove(moved)
    await waitFor(async () => (await fixture.status(socket)) === null, { what: 'the socket to be forgotten' })
  })

  test('what the gateway publishes to a socket reaches the device and does not come back as a reading', async () => {
    const socket = desiredSocket(broker.url)
    await fixture.configure(socket)
    await fixture.untilStatus(socket, 'idle')
    const received: string[] = []
    device.on('message', (topic, payload) => topic === socket.topic && received.push(payload.toString()))
    await device.subscribeAsync(socket.topic as string, { qos: 1 })
    const request = { socket_id: socket.socket_id, payload_base64: Buffer.from('{"power":5}').toString('base64') }
    const subject = partitionRpcSubject(partitionOf(socket.pdu_id), 'publish')
    const answer = await fixture.bus.connection.request(subject, JSON.stringify(request), { timeout: 5_000 })
    expect(answer.json()).toEqual({ topic: socket.topic, qos: 1, retain: false })
    await device.publishAsync(socket.topic as string, '{"power":6}', { qos: 1 })
    const readings = await readingsOf(socket.socket_id, 1)
    expect(readings.map((reading) => reading.measurements.active_power)).toEqual([6])
    expect(received).toEqual(['{"power":5}', '{"power":6}'])
  })

  test('a broker that does not acknowledge in time: the answer says so, and what comes back late is no reading', async () => {
    const { hostname, port } = new URL(broker.url)
    const network = await startTcpProxy({ targetHost: hostname, targetPort: Number(port) })
    try {
      const socket = desiredSocket(`mqtt://127.0.0.1:${network.port}`)
      await fixture.configure(socket)
      await fixture.untilStatus(socket, 'idle')
      const received: string[] = []
      device.on('message', (topic, payload) => topic === socket.topic && received.push(payload.toString()))
      await device.subscribeAsync(socket.topic as string, { qos: 1 })
      network.blackhole()
      const request = { socket_id: socket.socket_id, payload_base64: Buffer.from('{"power":5}').toString('base64') }
      const subject = partitionRpcSubject(partitionOf(socket.pdu_id), 'publish')
      // 8 s are what config-api waits.
      const answer = await fixture.bus.connection.request(subject, JSON.stringify(request), { timeout: 8_000 })
      expect(answer.json()).toEqual({
        error: { code: 'publish-unconfirmed', detail: 'no acknowledgement within 5 s' },
      })
      network.heal()
      await waitFor(() => received.length === 1, { what: 'the command to arrive late' })
      await device.publishAsync(socket.topic as string, '{"power":6}', { qos: 1 })
      const readings = await readingsOf(socket.socket_id, 1)
      expect(readings.map((reading) => reading.measurements.active_power)).toEqual([6])
    } finally {
      await network.close()
    }
  })

  test('equal payloads one after the other are as many readings', async () => {
    const socket = desiredSocket(broker.url)
    await fixture.configure(socket)
    await fixture.untilStatus(socket, 'idle')
    for (let count = 0; count < 20; count += 1)
      await device.publishAsync(socket.topic as string, '{"voltage":0}', { qos: 1 })
    const readings = await readingsOf(socket.socket_id, 20)
    expect(new Set(readings.map((reading) => reading.id)).size).toBe(20)
  })

  test('a retained message is flagged', async () => {
    const socket = desiredSocket(broker.url)
    await device.publishAsync(socket.topic as string, '{"power":7}', { qos: 1, retain: true })
    await fixture.configure(socket)
    const [reading] = await readingsOf(socket.socket_id, 1)
    expect(reading).toMatchObject({ retained: true, measurements: { active_power: 7 } })
  })

  test('a socket that takes its subtree merges per-attribute topics; its last will is status, not a reading', async () => {
    const socket = desiredSocket(broker.url, { payload_config: { subtree: true } })
    const base = socket.topic as string
    await fixture.configure(socket)
    await fixture.untilStatus(socket, 'idle')
    await device.publishAsync(`${base}/relay/0/power`, '41.5', { qos: 1 })
    await device.publishAsync(`${base}/relay/0`, 'on', { qos: 1 })
    await device.publishAsync(`${base}x/relay/0/power`, '1', { qos: 1 })
    await device.publishAsync(`${base}/online`, 'false', { qos: 1 })
    const offline = await waitFor(
      async () => {
        const status = await fixture.status(socket)
        return status?.availability?.online === false && status
      },
      { what: 'the device to be offline' },
    )
    expect(offline).toMatchObject({ status: 'idle', reason: expect.stringContaining('offline') })
    await device.publishAsync(base, '{"voltage":231}', { qos: 1 })
    const readings = await readingsOf(socket.socket_id, 3)
    expect(readings.map(({ topic, partial, measurements }) => [topic, partial ?? false, measurements])).toEqual([
      [`${base}/relay/0/power`, true, { active_power: 41.5 }],
      [`${base}/relay/0`, true, { relay_on: true }],
      [base, false, { voltage: 231 }],
    ])
    expect(await fixture.status(socket)).toMatchObject({ status: 'online', availability: { online: true } })
    expect(
      (await fixture.messages<DeadLetterMessage>(DEAD_LETTER_STREAM.name)).map((letter) => letter.socket_id),
    ).not.toContain(socket.socket_id)
  })

  test('a socket below a subtree gets its messages once, and the subtree does not; switching it off ends it', async () => {
    const pdu = { pdu_id: '0190a000-0000-7000-8000-0000000000bb' }
    const wide = desiredSocket(broker.url, { ...pdu, payload_config: { subtree: true } })
    const below = desiredSocket(broker.url, { ...pdu, socket_number: 2, topic: `${wide.topic}/outlet/2` })
    await fixture.configure(wide)
    await fixture.untilStatus(wide, 'idle')
    await fixture.configure(below)
    await fixture.untilStatus(below, 'idle')
    const send = (topic: string, power: number) => device.publishAsync(topic, JSON.stringify({ power }), { qos: 1 })
    for (let power = 1; power <= 20; power += 1) await send(below.topic as string, power)
    await send(wide.topic as string, 100)
    await readingsOf(wide.socket_id, 1)
    const mine = await readingsOf(below.socket_id, 20)
    expect(mine.map(({ measurements }) => measurements.active_power)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    expect((await readingsOf(wide.socket_id, 1)).map(({ measurements }) => measurements.active_power)).toEqual([100])
    await fixture.configure({ ...wide, payload_config: null, socket_version: 2 })
    await waitFor(async () => (await fixture.status(wide))?.socket_version === 2, { what: 'the change' })
    await waitFor(async () => (await fixture.status(wide))?.subscription.state === 'subscribed', {
      what: 'its own topic',
    })
    await send(below.topic as string, 21)
    await send(wide.topic as string, 101)
    await readingsOf(wide.socket_id, 2)
    const powers = (await readingsOf(below.socket_id, 21)).map(({ measurements }) => measurements.active_power)
    // In the moment in which both filters are there, a broker may deliver a message by each of them.
    expect(new Set(powers)).toEqual(new Set(Array.from({ length: 21 }, (_, index) => index + 1)))
  })

  test('what the gateway publishes below a subtree does not come back, and a redelivery is one reading', async () => {
    const socket = desiredSocket(broker.url, { payload_config: { subtree: true } })
    const base = socket.topic as string
    await fixture.configure(socket)
    await fixture.untilStatus(socket, 'idle')
    const request = { socket_id: socket.socket_id, payload_base64: Buffer.from('{"power":5}').toString('base64') }
    const subject = partitionRpcSubject(partitionOf(socket.pdu_id), 'publish')
    await fixture.bus.connection.request(subject, JSON.stringify(request), { timeout: 5_000 })
    await fixture.gateway.stop()
    for (let power = 1; power <= 10; power += 1)
      await device.publishAsync(`${base}/relay/0/power`, String(power), { qos: 1 })
    await fixture.startGateway()
    const readings = await readingsOf(socket.socket_id, 10)
    expect(readings.map(({ measurements }) => measurements)).toEqual(
      Array.from({ length: 10 }, (_, index) => ({ active_power: index + 1 })),
    )
  })

  test('a status says what to change about a device, and why', async () => {
    const socket = desiredSocket(broker.url, { payload_config: { expected: ['voltage', 'current'] } })
    const base = socket.topic as string
    await device.publishAsync(base, '{"voltage":230}', { qos: 1, retain: true })
    await fixture.configure(socket)
    await readingsOf(socket.socket_id, 1)
    for (let count = 0; count < 6; count += 1) {
      const time = new Date(Date.now() - 7 * 3_600_000).toISOString()
      await device.publishAsync(base, JSON.stringify({ voltage: 230, power_factor: 7, timestamp: time }), { qos: 1 })
    }
    await readingsOf(socket.socket_id, 7)
    const codes = ['retained-readings', 'expected-missing', 'doubtful-readings', 'clock-skew']
    const status = await waitFor(
      async () => {
        const now = await fixture.status(socket)
        // The clock is judged after several messages; the status is degraded before.
        return now?.advice.length === codes.length && now
      },
      { what: 'four pieces of advice' },
    )
    expect(status.status).toBe('degraded')
    expect(status.advice.map(({ code }) => code)).toEqual(codes)
    expect(status.advice[1]?.detail).toContain('current')
    expect(status.advice[3]?.what_to_do).toContain('timezone')
    for (const { detail, what_to_do: action } of status.advice)
      expect(Math.min(detail.length, action.length)).toBeGreaterThan(20)
    await device.publishAsync(base, '', { qos: 1, retain: true })
    const silent = desiredSocket(broker.url)
    await fixture.configure(silent)
    await fixture.untilStatus(silent, 'idle')
    for (let count = 0; count < 3; count += 1)
      await device.publishAsync(silent.topic as string, '{"colour":"red"}', { qos: 1 })
    await deadLettersOf(silent.socket_id, 3)
    expect((await fixture.untilStatus(silent, 'degraded')).advice).toMatchObject([
      { code: 'only-dead-letters', detail: expect.stringContaining('colour') },
    ])
    await device.publishAsync(silent.topic as string, '{"voltage":1}', { qos: 1 })
    await fixture.untilStatus(silent, 'online')
  })

  test('messages sent while the gateway is away wait in the session and come once it is back', async () => {
    const socket = desiredSocket(broker.url)
    await fixture.configure(socket)
    await fixture.untilStatus(socket, 'idle')
    await fixture.gateway.stop()
    for (let power = 0; power < 50; power += 1) {
      await device.publishAsync(socket.topic as string, JSON.stringify({ power }), { qos: 1 })
    }
    await fixture.startGateway()
    const readings = await readingsOf(socket.socket_id, 50)
    expect(readings.map((reading) => reading.measurements.active_power)).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    )
  })

  test('QoS 2 end to end: acknowledged after storing, each message once', async () => {
    const socket = desiredSocket(broker.url)
    const withQos2 = {
      ...socket,
      broker: { ...(socket.broker as NonNullable<typeof socket.broker>), config: { qos: 2 as const } },
    }
    await fixture.configure(withQos2)
    const status = await fixture.untilStatus(socket, 'idle')
    expect(status.subscription.granted_qos).toBe(2)
    for (let power = 0; power < 30; power += 1) {
      await device.publishAsync(socket.topic as string, JSON.stringify({ power }), { qos: 2 })
    }
    const readings = await readingsOf(socket.socket_id, 30)
    expect(readings.map((reading) => reading.qos)).toEqual(Array(30).fill(2))
    expect(readings.map((reading) => reading.measurements.active_power)).toEqual(
      Array.from({ length: 30 }, (_, index) => index),
    )
  })
})
