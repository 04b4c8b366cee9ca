import { connectBus } from '@iomt/bus/connect'
import { SOCKET_CONFIG_BUCKET } from '@iomt/contracts/buckets'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import { type MosquittoBroker, startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import { connectAsync } from 'mqtt'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Product, startProduct } from './product.ts'

const QUEUED = 50

let broker: MosquittoBroker
let product: Product
beforeAll(async () => {
  ;[broker, product] = await Promise.all([
    startMosquitto({ logPackets: false }),
    startProduct({ configApi: { SWEEP_INTERVAL_SECONDS: '15' } }),
  ])
})
afterAll(async () => {
  await product?.stop()
  await broker?.stop()
})

test('a gateway that starts while a lost bucket is being filled throws away no queue of a socket that is not in it yet', async () => {
  const { call, gateway, nats, database } = product
  const organization = await call<{ id: string }>('POST', '/organizations', { code: 'hopt', name: 'Hospital' })
  const pdu = await call<{ id: string }>('POST', '/pdus', {
    organization_id: organization.id,
    code: 'tang3',
    name: 'Third floor',
    mqtt_base_topic: 'hopt/tang3',
    mqtt_broker_host: broker.host,
    mqtt_broker_port: broker.port,
  })
  const sockets = await Promise.all(
    [1, 2].map((number) =>
      call<{ id: string }>('POST', `/pdus/${pdu.id}/sockets`, {
        socket_number: number,
        mqtt_topic_suffix: `s${number}`,
      }),
    ),
  )
  const isSubscribed = async ({ id }: { id: string }) =>
    (await call<SocketStatus>('GET', `/sockets/${id}/mqtt-status`)).subscription.state === 'subscribed'
  for (const socket of sockets) await waitFor(() => isSubscribed(socket), { what: 'both subscriptions' })

  await gateway.kill9()
  const publisher = await connectAsync(broker.url)
  for (let index = 0; index < QUEUED; index += 1) {
    for (const number of [1, 2]) {
      await publisher.publishAsync(`hopt/tang3/s${number}`, JSON.stringify({ voltage: 220 + index / 10 }), { qos: 1 })
    }
  }
  await publisher.endAsync()
  const bus = await connectBus({ url: nats.url, name: 'test', logger: pino({ level: 'silent' }) })
  await bus.manager.streams.delete(`KV_${SOCKET_CONFIG_BUCKET}`)
  // A change puts its own socket back; the other one waits for the sweep.
  await call('PATCH', `/sockets/${sockets[0]?.id}`, { name: 'changed' })
  const info = () => bus.manager.streams.info(`KV_${SOCKET_CONFIG_BUCKET}`).catch(() => null)
  await waitFor(async () => (await info()) !== null, { what: 'the bucket to be back', interval: 5 })
  await gateway.restart()

  const stored = async () => {
    const { rows } = await database.pool.query<{ socket_id: string; count: number }>(
      'select socket_id, count(*)::int as count from device_data_logs group by 1',
    )
    return sockets.map(({ id }) => rows.find(({ socket_id }) => socket_id === id)?.count ?? 0)
  }
  await waitFor(async () => (await stored())[0] === QUEUED, { what: 'the queue of the first socket', timeout: 30_000 })
  await waitFor(async () => (await stored())[1] === QUEUED, { what: 'the queue of the other', timeout: 30_000 }).catch(
    () => undefined,
  )
  expect(await stored()).toEqual([QUEUED, QUEUED])
  await bus.close()
}, 90_000)
