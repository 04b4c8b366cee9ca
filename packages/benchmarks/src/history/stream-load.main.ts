import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { connectBus } from '@iomt/bus/connect'
import { telemetrySubject } from '@iomt/contracts/subjects'
import { pino } from 'pino'
import { startUsageMeter } from '../measure/usage-meter.ts'
import { calibrateWallClock } from '../measure/wall-clock.ts'
import { startApiProcesses } from './api-processes.ts'
import { openStreamClients } from './stream-clients.ts'
import { createStreamEstate, type StreamEstate } from './stream-estate.ts'

/**
 * `GET /telemetry/stream` under load: `node stream-load.main.ts [--clients 500] [--everything 5] [--rate 2000]
 * [--seconds 20] [--profile DIR]`. Prints one JSON object: CPU of config-api, delivery latency, what was delivered.
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '500' },
    everything: { type: 'string', default: '5' },
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '20' },
    profile: { type: 'string' },
  },
})
const [clients, everything, rate, seconds] = [values.clients, values.everything, values.rate, values.seconds].map(
  Number,
) as [number, number, number, number]

const processes = await startApiProcesses({
  postgresSettings: {},
  nodeOptions: values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [],
})
try {
  const estate = await createStreamEstate(processes.url, processes.key, 500)
  const bus = await connectBus({ url: processes.nats.url, name: 'benchmark', logger: pino({ level: 'silent' }) })
  const paths = Array.from({ length: clients }, (_, index) => {
    if (index < everything) return '/telemetry/stream'
    return `/telemetry/stream?device_id=${estate.sockets[index % estate.sockets.length]?.deviceId}`
  })
  const streams = await openStreamClients({ url: processes.url, key: processes.key, paths })
  await publish(estate, rate, 3, (subject, text) => bus.connection.publish(subject, text))
  streams.reset()
  const meter = startUsageMeter({
    'config-api': processes.api.pid,
    clients: streams.pid,
    'nats-server': processes.nats.pid,
  })
  const startedAt = performance.now()
  const published = await publish(estate, rate, seconds, (subject, text) => bus.connection.publish(subject, text))
  const elapsed = (performance.now() - startedAt) / 1_000
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const { usage } = meter.stop()
  const report = await streams.report()
  const expected = published.reduce((sum, count, index) => {
    const watchers = paths.filter(
      (path, place) => place >= everything && path.endsWith(estate.sockets[index]?.deviceId ?? '-'),
    )
    return sum + count * (everything + watchers.length)
  }, 0)
  const cpu = Object.fromEntries(
    Object.entries(usage).map(([name, { cpu: used, memory }]) => [
      name,
      { percent_of_a_core: Math.round((used / elapsed) * 1_000) / 10, memory_mib: Math.round(memory / 1024 ** 2) },
    ]),
  )
  const messages = published.reduce((sum, count) => sum + count, 0)
  const result = { clients, everything, rate: Math.round(messages / elapsed), expected, ...report, cpu }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  streams.stop()
  await bus.close()
} finally {
  await processes.stop()
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
    await new Promise((resolve) => setTimeout(resolve, 10))
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
