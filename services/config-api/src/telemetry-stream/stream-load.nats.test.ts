import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collectGarbage } from '../testing/collect-garbage.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type EventStream, openEventStream } from '../testing/event-stream.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { type PublishingSocket, publishReading } from '../testing/telemetry-publisher.ts'

let nats: NatsServer
let bus: Bus
/** Two replicas: clients come back to either. */
let replicas: RunningConfigApi[]
let sockets: PublishingSocket[]
beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'gateway', logger: pino({ level: 'silent' }) })
  await ensureStreams(bus, [TELEMETRY_STREAM])
  const first = await startConfigApi({ natsUrl: nats.url, config: { STREAM_CLIENT_KIB: 256 } })
  const { ADMIN_KEY_FILE } = first.config
  const second = await startConfigApi({ natsUrl: nats.url, migrated: first.migrated, config: { ADMIN_KEY_FILE } })
  replicas = [first, second]
  for (const { api } of replicas) {
    await waitFor(async () => (await api.get('/gateways')).status === 200, { what: 'NATS to be up' })
  }
  sockets = await createSockets(first)
})
afterAll(async () => {
  for (const replica of [...replicas].reverse()) await replica.stop()
  await bus.close()
  await nats.stop()
})

async function createSockets({ api }: RunningConfigApi): Promise<PublishingSocket[]> {
  const { organization, department, pdu } = await createEstate(api)
  const made: PublishingSocket[] = []
  for (let number = 1; number <= 8; number += 1) {
    const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: number })
    const device = await create(api, '/devices', { organization_id: organization.id, name: `Pump ${number}` })
    const codes = { organizationCode: organization.code, departmentCode: department.code, pduCode: pdu.code }
    made.push({ ...codes, socket, deviceId: device.id })
  }
  return made
}

async function connect(replica: number, query: string, lastId?: string): Promise<EventStream> {
  const { api } = replicas[replica] as RunningConfigApi
  const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
  const stream = await openEventStream(`${api.url}/telemetry/stream?${query}`, api.key, headers)
  await waitFor(() => stream.lastId() !== undefined, { what: 'the position of the stream', interval: 1 })
  return stream
}

/** Publishes `count` readings over all sockets, `lanes` under way at once. @returns what JetStream acknowledged, by device. */
async function publishMany(count: number, fields: object = {}, lanes = 64): Promise<Map<string, number[]>> {
  const ledger = new Map<string, number[]>()
  let next = 0
  const lane = async () => {
    while (next < count) {
      const from = sockets[next % sockets.length] as PublishingSocket
      next += 1
      const sequence = await publishReading(bus, from, fields)
      const known = ledger.get(from.deviceId as string)
      if (known) known.push(sequence)
      else ledger.set(from.deviceId as string, [sequence])
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  for (const sequences of ledger.values()) sequences.sort((one, other) => one - other)
  return ledger
}

/** A client whose connection breaks again and again, and that resumes at the one replica or the other. */
function unsteadyClient(query: string, seed: number) {
  const seen: number[] = []
  let connections = 0
  let state = seed
  const random = (limit: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % limit
  }
  let lastId: string | undefined
  let stream: EventStream
  return {
    seen,
    connections: () => connections,
    async open() {
      stream = await connect(random(2), query, lastId)
      connections += 1
    },
    /** Breaks after a random number of readings, until `total` have come. */
    async run(total: number): Promise<void> {
      for (;;) {
        const wanted = Math.min(total - seen.length, 1 + random(2_000))
        await waitFor(() => stream.sequences().length >= wanted || stream.response.destroyed, {
          what: `${query}: ${wanted} more`,
          interval: 5,
        })
        await stream.close()
        // What came before the end was noticed counts: the client has read it.
        seen.push(...stream.sequences())
        lastId = stream.lastId()
        if (seen.length >= total) return
        await this.open()
      }
    },
  }
}

test('clients that break and resume at any replica under load get every reading once, in order', async () => {
  const COUNT = 24_000
  const [first, second] = sockets as [PublishingSocket, PublishingSocket]
  const clients = [
    unsteadyClient('', 1),
    unsteadyClient(`pdu_id=${first.socket.pdu_id}`, 2),
    unsteadyClient(`device_id=${first.deviceId}`, 3),
    unsteadyClient(`socket_id=${second.socket.id}&measurements=voltage`, 4),
  ]
  for (const client of clients) await client.open()
  const publishing = publishMany(COUNT)
  const share = COUNT / sockets.length
  await Promise.all(clients.map((client, index) => client.run(index < 2 ? COUNT : share)))
  const ledger = await publishing
  const all = [...ledger.values()].flat().sort((one, other) => one - other)
  expect(clients[0]?.seen).toEqual(all)
  expect(clients[1]?.seen).toEqual(all)
  expect(clients[2]?.seen).toEqual(ledger.get(first.deviceId as string))
  expect(clients[3]?.seen).toEqual(ledger.get(second.deviceId as string))
  for (const client of clients) expect(client.connections()).toBeGreaterThan(1)
}, 120_000)

test('clients that do not read are dropped with a reason and cost little memory, while the others get everything', async () => {
  const steady = await connect(0, '')
  const stalled: EventStream[] = []
  for (let count = 0; count < 20; count += 1) stalled.push(await connect(0, ''))
  for (const client of stalled) client.pause()
  const held = () => process.memoryUsage().arrayBuffers
  const before = held()
  const LIMIT = 120_000_000
  let most = 0
  const sampling = setInterval(() => {
    // On a busy machine the garbage of 40 MB a client alone can come near.
    if (held() - before > LIMIT / 2) collectGarbage()
    most = Math.max(most, held())
  }, 20)
  // 2,400 readings of 16 kB: 40 MB for each client, far above what the kernel keeps for a connection.
  const ledger = await publishMany(2_400, { raw: { text: 'x'.repeat(16_000) } }, 8)
  const all = [...ledger.values()].flat().sort((one, other) => one - other)
  await waitFor(() => steady.sequences().length >= all.length, { what: 'the steady client to have everything' })
  clearInterval(sampling)
  expect(steady.sequences()).toEqual(all)
  const { api } = replicas[0] as RunningConfigApi
  const dropped = (await api.get('/metrics')).text.split('\n').find((line) => line.includes('{reason="too-slow"'))
  expect(dropped).toMatch(/^iomt_config_api_stream_dropped_total\{.*\} 20$/)
  // Twenty times 40 MB would be 800 MB; what is held is 256 kB a client, and what the publisher has under way.
  expect(most - before).toBeLessThan(LIMIT)

  // They wake up, read what the kernel kept, and go on where that ended.
  const [late] = stalled as [EventStream]
  late.resume()
  await late.ended
  const resumed = await connect(1, '', late.lastId())
  await waitFor(() => late.sequences().length + resumed.sequences().length >= all.length, { what: 'the rest' })
  expect([...late.sequences(), ...resumed.sequences()]).toEqual(all)
  for (const client of [steady, resumed, ...stalled]) await client.close()
}, 120_000)

test('five hundred clients that come back together are all served', async () => {
  const COUNT = 2_000
  const position = await publishReading(bus, sockets[0] as PublishingSocket, { id: newId() })
  const ledger = await publishMany(COUNT)
  const clients = await Promise.all(
    Array.from({ length: 500 }, (_, index) => {
      const { deviceId } = sockets[index % sockets.length] as PublishingSocket
      return connect(1, `device_id=${deviceId}`, String(position))
    }),
  )
  const share = COUNT / sockets.length
  await waitFor(() => clients.every((client) => client.sequences().length >= share), { what: 'all to have caught up' })
  const after = await publishMany(sockets.length)
  await waitFor(() => clients.every((client) => client.sequences().length >= share + 1), { what: 'all to be live' })
  for (const [index, client] of clients.entries()) {
    const deviceId = sockets[index % sockets.length]?.deviceId as string
    expect(client.sequences()).toEqual([...(ledger.get(deviceId) ?? []), ...(after.get(deviceId) ?? [])])
  }
  for (const client of clients) await client.close()
}, 120_000)
