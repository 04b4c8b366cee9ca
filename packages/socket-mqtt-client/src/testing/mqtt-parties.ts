import { startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import mqtt from 'mqtt'
import { afterEach } from 'vitest'
import { SocketMqttClient, type SocketMqttClientOptions } from '../socket-mqtt-client.ts'

/** What a test started, ended after it in the reverse order. */
export const cleanUps: Array<() => Promise<unknown> | unknown> = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

export function newClient(options: SocketMqttClientOptions = {}): SocketMqttClient {
  const client = new SocketMqttClient(options)
  cleanUps.push(() => client.close())
  return client
}

export async function mosquitto(options: Parameters<typeof startMosquitto>[0] = {}) {
  const broker = await startMosquitto(options)
  cleanUps.push(() => broker.stop())
  return broker
}

export async function publisher(url: string) {
  const device = await mqtt.connectAsync(url)
  cleanUps.push(() => device.endAsync(true))
  return device
}

export const untilStatus = (client: SocketMqttClient, socketId: string, ...names: string[]) =>
  waitFor(
    () => {
      const status = client.getSocketStatus(socketId)
      return status !== null && names.includes(status.status) && status
    },
    { what: `socket to be ${names.join(' or ')}` },
  )
