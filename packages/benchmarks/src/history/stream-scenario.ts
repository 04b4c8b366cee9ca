import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectBus } from '@iomt/bus/connect'
import { telemetrySubject } from '@iomt/contracts/subjects'
import { pino } from 'pino'
import type { Latency } from '../measure/percentiles.ts'
import { startUsageMeter } from '../measure/usage-meter.ts'
import { calibrateWallClock } from '../measure/wall-clock.ts'
import { startApiProcesses } from './api-processes.ts'
import { openStreamClients } from './stream-clients.ts'
import { createStreamEstate, type StreamEstate } from './stream-estate.ts'

const SOCKETS = 500

export interface StreamResult {
  readonly clients: number
  /** Of them, those that get all readings; the others follow one device each. */
  readonly everything: number
  /** Readings published a second. */
  readonly rate: number
  readonly seconds: number
  readonly expected: number
  readonly delivered: number
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
  const processes = await startApiProcesses({ postgresSettings: {} })
  try {
    const estate = await createStreamEstate(processes.url, processes.key, SOCKETS)
    const bus = await connectBus({ url: processes.nats.url, name: 'benchmark', logger: pino({ level: 'silent' }) })
    const paths = Array.from({ length: clients }, (_, index) => {
      if (index < everything) return '/telemetry/stream'
      return `/telemetry/stream?device_id=${estate.sockets[index % estate.sockets.length]?.deviceId}`
    })
    const streams = await openStreamClients({ url: processes.url, key: processes.key, paths })
    const send = (subject: string, text: string) => bus.connection.publish(subject, text)
    await publish(estate, rate, 3, send)
    streams.reset()
    const meter = startUsageMeter({
      'config-api': processes.api.pid,
      clients: streams.pid,
      'nats-server': processes.nats.pid,
    })
    const startedAt = performance.now()
    const published = await publish(estate, rate, seconds, send)
    const elapsed = (performance.now() - startedAt) / 1_000
    await sleep(1_000)
    const { usage } = meter.stop()
    const { events, broken, latency } = await streams.report()
    const expected = published.reduce((sum, count, index) => {
      const watchers = paths.filter(
        (path, place) => place >= everything && path.endsWith(estate.sockets[index]?.deviceId ?? '-'),
      )
      return sum + count * (everything + watchers.length)
    }, 0)
    streams.stop()
    await bus.close()
    say(`stream: ${events} of ${expected} delivered, p99 ${latency.p99.toFixed(1)} ms`)
    return {
      clients,
      everything,
      rate: published.reduce((sum, count) => sum + count, 0) / elapsed,
      seconds,
      expected,
      delivered: events,
      broken,
      latency,
      processes: Object.fromEntries(
        Object.entries(usage).map(([name, { cpu, memory }]) => [name, { cores: cpu / elapsed, memory }]),
      ),
    }
  } finally {
    await processes.stop()
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
