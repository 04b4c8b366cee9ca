// The least that a QoS 1 subscriber can do: take PUBLISH packets apart no further than their packet id and acknowledge them.
import { connect } from 'node:net'
import mqttPacket from 'mqtt-packet'
import { connectPacket } from '../load/connect-packet.ts'
import { createPublishScanner } from './publish-scanner.ts'

/** `received`: messages since the start; every 20 ms. */
export interface BareSubscriberReport {
  readonly received: number
}

const REPORT_INTERVAL = 20

process.on('disconnect', () => process.exit())
process.once('message', ({ host, port }: { host: string; port: number }) => {
  const socket = connect({ host, port, noDelay: true })
  const scanner = createPublishScanner()
  const parser = mqttPacket.parser()
  let received = 0
  socket.once('connect', () => {
    const clientId = `bare-${process.pid}`
    socket.write(connectPacket(clientId))
  })
  const onHandshake = (chunk: Buffer) => void parser.parse(chunk)
  socket.on('data', onHandshake)
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connack') {
      socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 1 }] }))
    } else if (packet.cmd === 'suback') {
      socket.removeListener('data', onHandshake)
      socket.on('data', (chunk: Buffer) => {
        const acknowledgements = scanner.scan(chunk)
        if (acknowledgements === null) return
        received += acknowledgements.length / 4
        socket.write(acknowledgements)
      })
      setInterval(() => process.send?.({ received } satisfies BareSubscriberReport), REPORT_INTERVAL)
    }
  })
})
