// MQTT to JetStream with nothing else: no validation, no decoding, no ids that survive a redelivery, no pool. What it adds
// to a message is what the table needs. PUBACKs go out in order, when JetStream has stored the message.
import { connect } from 'node:net'
import { connect as connectNats, createInbox } from '@nats-io/transport-node'
import mqttPacket from 'mqtt-packet'
import { connectPacket } from '../load/connect-packet.ts'
import { SUBJECT_PREFIX } from './bare-message.ts'

export interface BareGatewayInput {
  readonly broker: { readonly host: string; readonly port: number }
  readonly natsUrl: string
  readonly places: Readonly<Record<string, { socket: string; device: string }>>
  readonly topic: string
}

const ENCODED_PUBACK = [0x40, 0x02] as const
const STREAM = 's'.charCodeAt(0)

process.on('disconnect', () => process.exit())
process.once('message', (input: BareGatewayInput) => {
  run(input).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

async function run({ broker, natsUrl, places, topic }: BareGatewayInput): Promise<void> {
  const nats = await connectNats({ servers: natsUrl, noAsyncTraces: true })
  const inbox = createInbox()
  const subjects = new Map(
    Object.entries(places).map(([name, place], index) => [
      name,
      { ...place, subject: `${SUBJECT_PREFIX}.${index}.${place.device}` },
    ]),
  )
  /** Packet ids in the order of arrival; those before `acknowledged` are stored. */
  let packetIds: number[] = []
  let stored = 0
  let counter = 0
  const socket = connect({ ...broker, noDelay: true })

  nats.subscribe(`${inbox}.*`, {
    callback: (_error, message) => {
      if (message.data[2] !== STREAM) throw new Error(message.string())
      stored += 1
      if (stored === 1) setImmediate(acknowledge)
    },
  })

  function acknowledge(): void {
    // JetStream answers one connection in order, so the first ones are meant.
    const acknowledgements = Buffer.allocUnsafe(stored * 4)
    for (let index = 0; index < stored; index += 1) {
      acknowledgements.set(ENCODED_PUBACK, index * 4)
      acknowledgements.writeUInt16BE(packetIds[index] as number, index * 4 + 2)
    }
    packetIds = packetIds.slice(stored)
    stored = 0
    socket.write(acknowledgements)
  }

  const parser = mqttPacket.parser()
  parser.on('packet', (packet) => {
    if (packet.cmd === 'publish') {
      const place = subjects.get(packet.topic)
      if (place === undefined) throw new Error(`nobody publishes ${packet.topic}`)
      counter += 1
      const now = Date.now()
      const time = now.toString(16).padStart(12, '0')
      const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${counter.toString(16).padStart(12, '0')}`
      packetIds.push(packet.messageId as number)
      nats.publish(
        place.subject,
        `{"id":"${id}","socket_id":"${place.socket}","device_id":"${place.device}","received_at":${now},"raw":${packet.payload}}`,
        { reply: `${inbox}.1` },
      )
    } else if (packet.cmd === 'connack') {
      socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] }))
    } else if (packet.cmd === 'suback') {
      process.send?.('subscribed')
    }
  })
  socket.on('data', (chunk: Buffer) => void parser.parse(chunk))
  socket.write(connectPacket('bare-gateway'))
}
