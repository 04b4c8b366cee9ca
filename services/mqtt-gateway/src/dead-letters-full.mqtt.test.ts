import { partitionOf } from '@iomt/contracts/partitions'
import { DEAD_LETTER_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import mqtt from 'mqtt'
import { expect, test } from 'vitest'
import { desiredSocket } from './testing/desired-state.ts'
import { createGatewayFixture } from './testing/gateway-fixture.ts'

test('the dead-letter stream is full: a device of nonsense stops its own connection only, and all is stored later', async () => {
  const broker = await startMosquitto({ logPackets: false, maxInflight: 0 })
  const fixture = await createGatewayFixture({ MAX_PENDING_BYTES: '1048576' })
  const device = await mqtt.connectAsync(broker.url)
  try {
    await fixture.startGateway()
    const { streams } = fixture.bus.manager
    const { config } = await streams.info(DEAD_LETTER_STREAM.name)
    await streams.update(config.name, { ...config, max_msgs: 1, max_msgs_per_subject: -1, discard: 'new' })
    const bad = desiredSocket(broker.url)
    let good = desiredSocket(broker.url)
    while (partitionOf(good.pdu_id) === partitionOf(bad.pdu_id)) good = desiredSocket(broker.url)
    for (const socket of [bad, good]) {
      await fixture.configure(socket)
      await fixture.untilStatus(socket, 'idle')
    }
    const send = (topic: string | null, payload: string) => device.publishAsync(topic as string, payload, { qos: 1 })
    await Promise.all(Array.from({ length: 400 }, () => send(bad.topic, 'nonsense '.repeat(200))))
    const pending = async () =>
      Number(
        /^iomt_gateway_pending_bytes\S* (\d+)/m.exec(
          await (await fetch(`http://127.0.0.1:${fixture.gateway.healthPort()}/metrics`)).text(),
        )?.[1],
      )
    await waitFor(async () => (await pending()) > 1_000_000, { what: 'the memory for pending messages to be full' })
    await Promise.all(Array.from({ length: 200 }, (_, power) => send(good.topic, JSON.stringify({ power }))))
    await waitFor(async () => (await streams.info(TELEMETRY_STREAM.name)).state.messages === 200, {
      what: 'the readings of the good device',
    })
    const readings = await fixture.messages<TelemetryMessage>(TELEMETRY_STREAM.name)
    expect(new Set(readings.map(({ socket_id: socketId }) => socketId))).toEqual(new Set([good.socket_id]))
    await streams.update(config.name, config)
    await waitFor(async () => (await streams.info(config.name)).state.messages === 400, { what: 'every dead letter' })
  } finally {
    await device.endAsync(true)
    await fixture.stop()
    await broker.stop()
  }
})
