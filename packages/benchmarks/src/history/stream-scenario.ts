import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectBus } from '@iomt/bus/connect'
import { telemetrySubject } from '@iomt/contracts/subjects'
import { pino } from 'pino'
import type { Latency } from '../measure/percentiles.ts'
import { stoppedBy, withStarted } from '../measure/start-together.ts'
import { startUsageMeter } from '../measure/usage-meter.ts'
import { calibrateWallClock } from '../measure/wall-clock.ts'
import { startApiProcesses } from './api-processes.ts'
import { clientsThatDiffer, eventsForEach, type Followed } from './stream-audience.ts'
import { type ClientsReport, openStreamClients, type StreamClients } from './stream-clients.ts'
import { createStreamEstate, type StreamEstate } from './stream-estate.ts'

const SOCKETS = 500
/** Seconds. */
const WARM_UP = 3
/** Milliseconds without an event after which what is missing is lost. */
const LOST_AFTER = 5_000
/** Milliseconds in which an event that came twice would show. */
const SURPLUS_AFTER = 1_000

export interface StreamResult {
  readonly clients: number
  /** Of them, those that get all readings; the others follow one device each. */
  readonly everything: number
  /** Readings published a second. */
  readonly rate: number
  readonly seconds: number
  readonly expected: number
  readonly delivered: number
  /** Clients that got more or less than what was for them, the warm-up included; older reports do not know. */
  readonly differing?: number
  /** Clients that were refused or lost. */
  readonly broken: number
  /** Milliseconds from the publish on NATS to the client. */
  readonly latency: Latency
  /** By process: CPU seconds a second, and the most resident bytes. */
  readonly processes: Readonly<Record<string, { cores: number; memory: number }>>
}

/** `GET /telemetry/stream` with many clients on one config-api. */
export async function runStreamScenario(options: {
  clients: number
  everything: number
  rate: number
  seconds: number
  say: (line: string) => void
}): Promise<StreamResult> {
  const { clients, everything, rate, seconds, say } = options
  say(`stream: ${clients} clients, ${rate} msg/s, ${seconds} s`)
  return await withStarted(async (started) => {
    const processes = await stoppedBy(started, startApiProcesses({ postgresSettings: {} }))
    const estate = await createStreamEstate(processes.url, processes.key, SOCKETS)
    const bus = started.adopt(
      await connectBus({ url: processes.nats.url, name: 'benchmark', logger: pino({ level: 'silent' }) }),
      (connected) => connected.close(),
    )
    const follow = Array.from({ length: clients }, (_, index): Followed => {
      return index < everything ? 'everything' : index % estate.sockets.length
    })
    const paths = follow.map((followed) => {
      if (followed === 'everything') return '/telemetry/stream'
      return `/telemetry/stream?device_id=${estate.sockets[followed]?.deviceId}`
    })
    const order = { url: processes.url, key: processes.key, paths }
    const streams = started.adopt(await openStreamClients(order), (opened) => opened.stop())
    const send = (subject: string, text: string) => bus.connection.publish(subject, text)
    const warmUp = eventsForEach(follow, await publish(estate, rate, WARM_UP, send))
    // The tail of the warm-up must not count as the measurement's.
    const before = await drained(streams, warmUp)
    streams.forgetLatencies()
    const meter = startUsageMeter({
      'config-api': processes.api.pid,
      clients: streams.pid,
      'nats-server': processes.nats.pid,
    })
    const startedAt = performance.now()
    const published = await publish(estate, rate, seconds, send)
    const elapsed = (performance.now() - startedAt) / 1_000
    const measured = eventsForEach(follow, published)
    const all = measured.map((events, client) => events + (warmUp[client] ?? 0))
    await drained(streams, all)
    const { usage } = meter.stop()
    await sleep(SURPLUS_AFTER)
    const { received, broken, latency } = await streams.report()
    const expected = sum(measured)
    const delivered = sum(received) - sum(before.received)
    const differing = clientsThatDiffer(all, received)
    say(`stream: ${delivered} of ${expected} delivered, ${differing} clients differ, p99 ${latency.p99.toFixed(1)} ms`)
    return {
      clients,
      everything,
      rate: sum(published) / elapsed,
      seconds,
      expected,
      delivered,
      differing,
      broken,
      latency,
      processes: Object.fromEntries(
        Object.entries(usage).map(([name, { cpu, memory }]) => [name, { cores: cpu / elapsed, memory }]),
      ),
    }
  })
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

/** Waits until every client has what is for it, or nothing has come for long: what is missing then is lost. */
async function drained(streams: StreamClients, expected: readonly number[]): Promise<ClientsReport> {
  let last = -1
  let lastChange = performance.now()
  for (;;) {
    const report = await streams.report()
    const events = sum(report.received)
    if (events !== last) lastChange = performance.now()
    last = events
    const complete = clientsThatDiffer(expected, report.received) === 0
    if (complete || performance.now() - lastChange > LOST_AFTER) return report
    await sleep(50)
  }
}

/** Paced in steps of 10 ms. @returns how many readings each socket has published. */
async function publish(
  estate: StreamEstate,
  perSecond: number,
  duration: number,
  send: (subject: string, text: string) => void,
): Promise<number[]> {
  const counts = estate.sockets.map(() => 0)
  const wallClock = calibrateWallClock()
  const startedAt = performance.now()
  let sent = 0
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1_000
    if (elapsed >= duration) return counts
    for (const due = elapsed * perSecond; sent < due; sent += 1) {
      const index = sent % estate.sockets.length
      const socket = estate.sockets[index] as StreamEstate['sockets'][0]
      counts[index] = (counts[index] ?? 0) + 1
      const place = {
        organization_code: estate.organization,
        department_code: null,
        pdu_code: 'pdu',
        socket_number: socket.number,
      }
      send(telemetrySubject(place, socket.deviceId), JSON.stringify(message(estate, socket, wallClock())))
    }
    await sleep(10)
  }
}

function message(estate: StreamEstate, socket: StreamEstate['sockets'][0], publishedAt: number) {
  const now = new Date().toISOString()
  return {
    v: 1,
    id: randomUUID(),
    socket_id: socket.id,
    socket_number: socket.number,
    pdu_id: estate.pduId,
    organization_id: estate.organizationId,
    department_id: null,
    device_id: socket.deviceId,
    topic: `bench/pdu/socket${socket.number}`,
    received_at: now,
    measured_at: now,
    measured_at_source: 'received',
    retained: false,
    qos: 1,
    measurements: { voltage: 230.4, current: 0.31, active_power: 69.8, power_factor: 0.97, energy: 12.345 },
    extra: {},
    quality: [],
    decoder: 'flat-json@1',
    raw: { published_at: publishedAt, voltage: 230.4, current: 0.31, power: 69.8, pf: 0.97, energy: 12.345 },
  }
}
