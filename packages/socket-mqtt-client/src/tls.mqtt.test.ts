import { connect, type Server } from 'node:net'
import { createServer, type TlsOptions } from 'node:tls'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import { generate } from 'selfsigned'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { SocketConfig } from './socket-config.ts'
import { SocketMqttClient } from './socket-mqtt-client.ts'
import { testSocket } from './testing/socket.ts'

type Certificate = Awaited<ReturnType<typeof generate>>

let broker: Awaited<ReturnType<typeof startMosquitto>>
let server: Certificate
let device: Certificate
let stranger: Certificate
const cleanUps: Array<() => Promise<unknown> | unknown> = []

beforeAll(async () => {
  broker = await startMosquitto({ logPackets: false })
  const certificate = (commonName: string) =>
    generate([{ name: 'commonName', value: commonName }], {
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'broker.test' }] },
      ],
    })
  ;[server, device, stranger] = (await Promise.all(['broker.test', 'gateway', 'stranger'].map(certificate))) as [
    Certificate,
    Certificate,
    Certificate,
  ]
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})
afterAll(() => broker.stop())

/** Mosquitto behind a TLS listener that asks for what the test says. */
async function startTlsListener(options: TlsOptions = {}): Promise<number> {
  const listener: Server = createServer({ key: server.private, cert: server.cert, ...options }, (secured) => {
    const plain = connect(broker.port, '127.0.0.1')
    secured.pipe(plain).pipe(secured)
    for (const socket of [secured, plain]) {
      socket.on('error', () => {
        secured.destroy()
        plain.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => listener.close())
  return (listener.address() as { port: number }).port
}

function secureSocket(port: number, tls: object, credentials: SocketConfig['mqtt_credentials'] = {}): SocketConfig {
  return testSocket(`mqtts://127.0.0.1:${port}`, {
    mqtt_config: { tls: { enabled: true, ...tls } },
    mqtt_credentials: credentials,
  })
}

async function connected(socket: SocketConfig): Promise<SocketMqttClient> {
  const client = new SocketMqttClient()
  cleanUps.push(() => client.close())
  await client.connectSocket(socket)
  await waitFor(() => client.getSocketStatus(socket.socket_id)?.status === 'idle', { what: 'the subscription' })
  return client
}

async function refusalOf(socket: SocketConfig): Promise<string> {
  const client = new SocketMqttClient()
  cleanUps.push(() => client.close())
  await client.connectSocket(socket)
  return await waitFor(() => client.getSocketStatus(socket.socket_id)?.connection.last_error || false, {
    what: 'a refusal',
  })
}

test('messages flow through TLS to a broker whose certificate the given authority has signed', async () => {
  const port = await startTlsListener()
  const socket = secureSocket(port, { ca: server.cert, server_name: 'broker.test' })
  const client = await connected(socket)
  const received: unknown[] = []
  client.on('data', ({ data }) => received.push(data))
  const other = new SocketMqttClient()
  cleanUps.push(() => other.close())
  const sender = { ...testSocket(broker.url), topic: socket.topic, partition: 8 }
  await other.connectSocket(sender)
  await waitFor(() => other.getSocketStatus(sender.socket_id)?.connection.state === 'connected', { what: 'the sender' })
  await other.publishToSocket(sender.socket_id, { voltage: 230 })
  await waitFor(() => received.length === 1, { what: 'the message' })
  expect(received).toEqual([{ voltage: 230 }])
})

test('another authority or another name is refused with the reason, unless verifying is switched off', async () => {
  const port = await startTlsListener()
  expect(await refusalOf(secureSocket(port, { ca: stranger.cert, server_name: 'broker.test' }))).toMatch(/self-signed/i)
  expect(await refusalOf(secureSocket(port, { ca: server.cert, server_name: 'other.test' }))).toMatch(/other\.test/)
  await connected(secureSocket(port, { verify: false }))
})

test('a client certificate is shown to a broker that asks for one', async () => {
  const port = await startTlsListener({ requestCert: true, rejectUnauthorized: true, ca: device.cert })
  const trusted = { ca: server.cert, server_name: 'broker.test' }
  await connected(secureSocket(port, { ...trusted, cert: device.cert }, { tls_key: device.private }))
  expect(await refusalOf(secureSocket(port, trusted))).toMatch(/certificate|closed|ECONNRESET/i)
})
