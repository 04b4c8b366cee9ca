import { type MosquittoBroker, mosquittoInstalled, startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LoadProcess, startLoadProcess } from './load-process.ts'

const topics = [
  ['room-0/socket1', 'room-0/socket2'],
  ['room-1/socket1', 'room-1/socket2'],
]

/** Of the clock in a payload; `Date.parse` cuts below the millisecond. */
const microseconds = (clock: string) => Date.parse(clock) * 1_000 + Number(clock.slice(23, 26))

describe.skipIf(!mosquittoInstalled())('the load generator', () => {
  let broker: MosquittoBroker
  let load: LoadProcess
  let subscriber: MqttClient
  let received: [topic: string, energy: number, timestamp: string][]

  beforeEach(async () => {
    broker = await startMosquitto({ logPackets: false })
    subscriber = await mqtt.connectAsync(broker.url)
    received = []
    subscriber.on('message', (topic, payload) => {
      const { energy, timestamp } = JSON.parse(payload.toString()) as { energy: number; timestamp: string }
      received.push([topic, energy, timestamp])
    })
    await subscriber.subscribeAsync('#', { qos: 1 })
    load = startLoadProcess()
    await load.connect(broker.host, broker.port, topics)
  })
  afterEach(async () => {
    load.stop()
    await subscriber.endAsync(true)
    await broker.stop()
  })

  test('publishes up to its limit and ends with everything acknowledged', async () => {
    load.publish({ rate: null, limit: 1_000, window: 50 })
    await waitFor(() => load.progress.published >= 1_000, { what: '1,000 messages' })
    load.raiseLimit(2_000)
    await waitFor(() => load.progress.acknowledged >= 2_000, { what: '2,000 acknowledgements' })
    const finished = await load.finish()
    expect(finished).toMatchObject({ published: 2_000, writtenBySocket: [500, 500] })
    await waitFor(() => received.length >= 2_000, { what: '2,000 messages at the subscriber' })
    const ofOneSocket = received.filter(([topic]) => topic === 'room-1/socket2').map(([, energy]) => energy)
    expect(ofOneSocket.map((energy) => Math.round((energy - 10_000) * 10_000))).toEqual(
      Array.from({ length: 500 }, (_, index) => index),
    )
  })

  test('goes on with its numbers in a second run', async () => {
    for (const limit of [8, 16]) {
      load.publish({ rate: null, limit, window: 50 })
      await waitFor(() => load.progress.acknowledged >= limit, { what: `${limit} acknowledgements` })
      expect(await load.finish()).toMatchObject({ published: limit, writtenBySocket: [limit / 4, limit / 4] })
    }
  })

  test('says when a reading was due, however late it is itself', async () => {
    load.publish({ rate: 400, limit: Number.MAX_SAFE_INTEGER, window: 50 })
    await waitFor(() => load.progress.published >= 40, { what: '40 messages' })
    process.kill(load.pid, 'SIGSTOP')
    const frozenAt = Date.now()
    await waitFor(() => Date.now() - frozenAt > 300, { what: 'the load to be late' })
    process.kill(load.pid, 'SIGCONT')
    await waitFor(() => load.progress.published >= 400, { what: '400 messages' })
    const { published, mostOverdue } = await load.finish()
    expect(mostOverdue).toBeGreaterThan(100)
    await waitFor(() => received.length >= published, { what: 'all messages at the subscriber' })
    const clocks = received
      .filter(([topic]) => topic === 'room-0/socket1')
      .map(([, , timestamp]) => microseconds(timestamp))
    const steps = clocks.slice(1).map((clock, index) => clock - (clocks[index] as number))
    // A socket's turn comes with every fourth message; microseconds are cut off.
    expect(steps.filter((step) => Math.abs(step - 10_000) > 1)).toEqual([])
  })

  test('a broker that goes away is an error, not a pause', async () => {
    load.publish({ rate: 1_000, limit: Number.MAX_SAFE_INTEGER, window: 50 })
    await broker.kill9()
    await expect(load.during(10_000)).rejects.toThrow(/the load generator: /)
  })
})
