import { createServer } from 'node:net'
import { createAddressRule } from '@iomt/contracts/broker-address'
import { expect, test } from 'vitest'
import { tryBroker } from './broker-trial.ts'
import { cleanUps, mosquitto } from './testing/mqtt-parties.ts'
import { testSocket } from './testing/socket.ts'
import { createMqttJsConnect } from './transport.mqttjs.ts'

async function connectTo(host: string, port: number, networks: string, tls = false) {
  const connect = createMqttJsConnect(createAddressRule(networks))
  const mqttConfig = tls ? { tls: { enabled: true, verify: false } } : {}
  const socket = testSocket(`mqtt://name.test:${port}`, { mqtt_broker_host: host, mqtt_config: mqttConfig })
  const { steps } = await tryBroker(socket, { connect, clientId: 'iomt-test', patience: 0 })
  return steps[0]
}

test('a broker within the networks is connected to, by address and by name', async () => {
  const { port } = await mosquitto()
  for (const host of ['127.0.0.1', 'localhost'])
    expect(await connectTo(host, port, '127.0.0.0/8'), host).toMatchObject({ state: 'ok' })
})

test.each([false, true])(
  'elsewhere nothing is opened, not by a name that leads there either (TLS: %s)',
  async (tls) => {
    let connections = 0
    const server = createServer((connection) => {
      connections += 1
      connection.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    cleanUps.push(() => server.close())
    const { port } = server.address() as { port: number }
    // `2130706433` is how a browser or libc may write 127.0.0.1.
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '::ffff:127.0.0.1']) {
      expect(await connectTo(host, port, '192.0.2.0/24,2001:db8::/32', tls), host).toMatchObject({
        state: 'failed',
        detail: expect.stringContaining('is in none of the networks of BROKER_NETWORKS'),
      })
    }
    expect(connections).toBe(0)
  },
)

test('a link-local address is never connected to', async () => {
  expect(await connectTo('169.254.169.254', 80, '')).toMatchObject({
    state: 'failed',
    detail: '169.254.169.254 is a link-local address, where no broker is looked for',
  })
})
