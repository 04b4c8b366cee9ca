import type { TestReply } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { ANY_GATEWAY_TEST_SUBJECT, partitionRpcSubject } from '@iomt/contracts/subjects'
import { type MosquittoBroker, startMosquitto } from '@iomt/testing/mosquitto'
import mqtt from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { desiredSocket } from '../testing/desired-state.ts'
import { createGatewayFixture, type GatewayFixture } from '../testing/gateway-fixture.ts'

let broker: MosquittoBroker
let fixture: GatewayFixture
beforeAll(async () => {
  broker = await startMosquitto()
  fixture = await createGatewayFixture()
  await fixture.startGateway()
})
afterAll(async () => {
  await fixture.stop()
  await broker.stop()
})

async function ask(subject: string, request: object): Promise<TestReply> {
  const answer = await fixture.bus.connection.request(subject, JSON.stringify(request), { timeout: 10_000 })
  return answer.json()
}
const subjectOf = (state: SocketDesiredState) => partitionRpcSubject(partitionOf(state.pdu_id), 'test')

test('a state is tried as it comes, known or not, switched off or not; nothing of it is stored', async () => {
  const device = await mqtt.connectAsync(broker.url)
  const state = desiredSocket(broker.url, { enabled: false })
  const payload = `{"power":1,"filler":"${'x'.repeat(5_000)}"}`
  const sending = setInterval(() => device.publish(state.topic as string, payload), 50)
  for (const subject of [subjectOf(state), ANY_GATEWAY_TEST_SUBJECT]) {
    const reply = await ask(subject, { state, patience: 5_000 })
    expect(reply).toMatchObject({
      gateway: expect.any(String),
      steps: [{ state: 'ok' }, { state: 'ok' }, { state: 'ok' }],
      message: { topic: state.topic, qos: 0, retained: false, payload_bytes: payload.length },
    })
    const { message } = reply as { message: { payload_base64: string } }
    expect(Buffer.from(message.payload_base64, 'base64').toString()).toBe(payload.slice(0, 4_096))
  }
  clearInterval(sending)
  await device.endAsync()
  expect(await fixture.status(state)).toBeNull()
  expect(broker.log()).toMatch(/Client iomt-test-\w{8} disconnected/)
})

test('what is not configured, and what is no request, is said', async () => {
  const state = desiredSocket(broker.url, { topic: null })
  expect(await ask(subjectOf(state), { state, patience: 0 })).toEqual({
    error: { code: 'not-connected', detail: expect.stringContaining('mqtt_topic_suffix') },
  })
  expect(await ask(subjectOf(state), { patience: 0 })).toMatchObject({ error: { code: 'invalid-request' } })
})

test('so many tests at once are taken, and the next is told', async () => {
  const state = desiredSocket(broker.url)
  const replies = await Promise.all(Array.from({ length: 9 }, () => ask(subjectOf(state), { state, patience: 500 })))
  const refused = replies.filter((reply) => 'error' in reply)
  expect(refused).toEqual([{ error: { code: 'too-many-tests', detail: expect.stringMatching(/tests 8 sockets/) } }])
  expect(await ask(subjectOf(state), { state, patience: 0 })).toHaveProperty('steps')
})
