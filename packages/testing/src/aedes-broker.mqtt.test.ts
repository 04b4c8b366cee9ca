import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AedesBroker, startAedes } from './aedes-broker.ts'
import { waitFor } from './wait-for.ts'

let broker: AedesBroker
beforeAll(async () => {
  broker = await startAedes()
})
afterAll(async () => {
  await broker.stop()
})

test('delivers from publisher to subscriber', async () => {
  const client = await connectAsync(broker.url, { reconnectPeriod: 0 })
  await client.subscribeAsync('ward/#', { qos: 1 })
  const message = new Promise((resolve) => {
    client.once('message', (topic, payload) => resolve([topic, payload.toString()]))
  })
  await client.publishAsync('ward/socket1', 'hello', { qos: 1 })
  expect(await message).toEqual(['ward/socket1', 'hello'])
  await client.endAsync()
})

test('breaks one client off', async () => {
  const client = await connectAsync(broker.url, { clientId: 'victim', reconnectPeriod: 0 })
  await waitFor(() => broker.clientIds().includes('victim'), { what: 'the client to be known' })
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  expect(broker.disconnect('victim')).toBe(true)
  expect(broker.disconnect('nobody')).toBe(false)
  await closed
})
