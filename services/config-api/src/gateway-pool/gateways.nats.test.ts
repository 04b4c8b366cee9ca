import { openBucket } from '@iomt/bus/open-bucket'
import { GATEWAY_LEASES_BUCKET, GATEWAY_MEMBERS_BUCKET } from '@iomt/contracts/buckets'
import type { RebalanceReceipt } from '@iomt/contracts/rebalance-receipt'
import { rebalanceSubject } from '@iomt/contracts/subjects'
import { waitFor } from '@iomt/testing/wait-for'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemOf } from '../testing/api-client.ts'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../testing/config-api-with-nats.ts'
import { startConfigApi } from '../testing/start-config-api.ts'

let started: ConfigApiWithNats
let bus: ConfigApiWithNats['bus']
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats()
  ;({ bus, running } = started)
})
afterAll(() => started.stop())

const AT = '2026-11-23T09:00:00.000Z'

const receipt = (number: number): RebalanceReceipt => ({
  v: 1,
  id: `0190a000-0000-7000-8000-${number.toString().padStart(12, '0')}`,
  at: AT,
  gateway: 'mqtt-gateway-1',
  from: 'mqtt-gateway-2',
  cause: 'crash',
  partitions: 128,
  sockets: 0,
  duration_seconds: 0,
  gap_seconds: null,
  redelivered: 0,
  sessions_lost: 0,
  not_subscribed: 0,
  worst_sockets: [],
})

test('members, partitions and the last 50 rebalances, newest first', async () => {
  const { api } = running
  const read = async () => (await api.get('/gateways')).body
  await waitFor(async () => (await read()).partitions?.unowned.length === 256, { what: 'an empty pool' })
  const [members, leases] = [
    await openBucket(bus, GATEWAY_MEMBERS_BUCKET),
    await openBucket(bus, GATEWAY_LEASES_BUCKET),
  ]
  const figures = { partitions: 1, sockets: 3, connections: 1, messages: 0 }
  const life = { life: 'one', beat: 1, started_at: AT, draining: false, ended: false, lease_bucket: null }
  await members.put('mqtt-gateway-1', JSON.stringify({ v: 1, gateway: 'mqtt-gateway-1', ...life, ...figures }))
  await leases.put(
    '7',
    JSON.stringify({
      v: 1,
      partition: 7,
      owner: 'mqtt-gateway-1',
      life: 'one',
      epoch: 1,
      previous_owner: null,
      cause: 'start',
      revoking_ms: null,
      changed_at: AT,
    }),
  )
  for (let number = 1; number <= 60; number += 1) {
    await bus.jetstream.publish(rebalanceSubject('mqtt-gateway-1'), JSON.stringify(receipt(number)))
  }
  const pool = await waitFor(
    async () => {
      const body = await read()
      return body.partitions.owned === 1 && body
    },
    { what: 'the member and its lease' },
  )
  expect(pool.members).toMatchObject([{ gateway: 'mqtt-gateway-1', status: 'alive', partitions: [7], sockets: 3 }])
  expect(pool.rebalances).toHaveLength(50)
  expect(pool.rebalances[0].id).toBe(receipt(60).id)
  await waitFor(async () => (await read()).members[0].status === 'silent', { what: 'it to fall silent' })
  expect((await read()).partitions.owned).toBe(0)
})

test('without NATS it says so', async () => {
  const lonely = await startConfigApi()
  expect(problemOf(await lonely.api.get('/gateways'))).toBe('503 /problems/gateway-unavailable')
  await lonely.stop()
})
