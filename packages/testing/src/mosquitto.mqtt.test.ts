import { connect, connectAsync } from 'mqtt'
import { describe, expect, test } from 'vitest'
import { mosquittoInstalled, sharedMqttUrl, startMosquitto } from './mosquitto.ts'

describe.skipIf(!mosquittoInstalled())('Mosquitto', () => {
  test('keeps a session over a kill when it persists every change', async () => {
    const broker = await startMosquitto({ persistence: true, autosaveOnChanges: 1 })
    try {
      const session = { clientId: 'subscriber', clean: false, reconnectPeriod: 0 }
      const before = await connectAsync(broker.url, session)
      await before.subscribeAsync('ward/#', { qos: 1 })
      await before.endAsync()
      const publisher = await connectAsync(broker.url, { reconnectPeriod: 0 })
      await publisher.publishAsync('ward/socket1', 'kept', { qos: 1 })
      await publisher.endAsync()

      await broker.kill9()
      await broker.restart()

      // Not connectAsync: a resumed session's messages come right behind the CONNACK, before it resolves.
      const after = connect(broker.url, session)
      const message = new Promise((resolve) => {
        after.once('message', (_topic, payload) => resolve(payload.toString()))
      })
      expect(await message).toBe('kept')
      await after.endAsync()
      expect(broker.log()).toContain('Sending PUBLISH to subscriber')
    } finally {
      await broker.stop()
    }
  })

  test('speaks MQTT 5', async () => {
    const broker = await startMosquitto()
    try {
      const client = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 })
      expect(client.connected).toBe(true)
      await client.endAsync()
    } finally {
      await broker.stop()
    }
  })

  test('says what is wrong with its configuration', async () => {
    await expect(startMosquitto({ config: 'no_such_setting 1' })).rejects.toThrow('no_such_setting')
  })
})

test('the shared broker of the run is there', async () => {
  const client = await connectAsync(await sharedMqttUrl(), { reconnectPeriod: 0 })
  await client.publishAsync('testing/shared', 'hello', { qos: 1 })
  await client.endAsync()
})
