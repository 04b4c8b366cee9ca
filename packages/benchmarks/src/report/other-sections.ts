import type { TaskResult } from '../measure/forked-task.ts'
import type { BenchmarkReport } from './benchmark-report.ts'
import { serviceCost, totalCost } from './costs.ts'
import { figure, megabytes, table } from './format.ts'

export function floorsSection({ floors }: BenchmarkReport): string[] {
  if (floors === undefined) return []
  const row = (name: string, { rate, cpuMicroseconds, otherCores }: TaskResult) => [
    name,
    figure(rate),
    Object.entries(cpuMicroseconds)
      .map(([process, cost]) => `${process} ${figure(cost)}`)
      .join(', '),
    figure(otherCores),
  ]
  return [
    '## Floors',
    'What the parts do when nothing else is done with a message.',
    table(
      ['what', 'messages/s', 'CPU µs a message', 'others'],
      [
        row('Mosquitto alone, QoS 1 in and out, bare subscriber', floors.broker),
        row('JetStream publish, one own reply inbox, 1,024 under way', floors.jetstream),
        row("binary COPY into the product's table, 2,000 a transaction", floors.copy.plain),
        row('binary COPY → temporary table → on conflict do nothing', floors.copy.idempotent),
      ],
    ),
  ]
}

export function peersSection({ peers }: BenchmarkReport): string[] {
  if (peers === undefined) return []
  const rows = Object.entries(peers.peers).map(([name, result]) => [
    name,
    figure(result.rate),
    figure(result.cpuMicroseconds['peer']),
    figure(result.cpuMicroseconds['postgres']),
    figure(totalCost(result)),
    String(result.lost),
    figure(result.rowLatency.p99),
    megabytes(result.usage['peer']?.memory),
    figure(result.otherCores),
  ])
  return [
    '## Peers',
    'The same load into the same table on the same Postgres. None keeps a message over its own crash, merges current state, removes duplicates, or puts anything on NATS.',
    ...(rows.length > 0
      ? [table(['peer', 'rows/s', 'peer µs', 'Postgres µs', 'all µs', 'lost', 'row p99 ms', 'peer MB', 'others'], rows)]
      : []),
    ...peers.missing,
  ]
}

export function stagesSection({ stages }: BenchmarkReport): string[] {
  if (stages === undefined) return []
  const { store } = stages
  return [
    '## Stages alone',
    table(
      ['stage', 'CPU µs a message', 'messages/s'],
      [
        ...Object.entries(stages.stages).map(([name, { cpuMicroseconds, rate }]) => [
          name,
          figure(cpuMicroseconds),
          figure(rate),
        ]),
        [
          `writer store without NATS, ${figure(store.batch)} a transaction`,
          `${figure(store.cpuMicroseconds)} + Postgres ${figure(store.postgresMicroseconds)}`,
          figure(store.rate),
        ],
      ],
    ),
  ]
}

export function growthSection({ growth }: BenchmarkReport): string[] {
  if (growth === undefined) return []
  const rows = growth.rows.map(({ sockets, gateways, result }) => [
    figure(sockets),
    String(gateways),
    figure(result.rate),
    figure(serviceCost(result, 'mqtt-gateway')),
    figure(serviceCost(result, 'telemetry-writer')),
    figure(totalCost(result)),
    figure(result.rowLatency.p99),
    figure(result.natsLatency?.p99),
    megabytes(memoryOf(result.usage, 'mqtt-gateway')),
    String(result.lost + result.duplicated),
    figure(result.otherCores),
  ])
  const header = ['sockets', 'gateways', 'rows/s', 'gateway µs', 'writer µs', 'all µs', 'row p99 ms', 'NATS p99 ms']
  return [
    '## Growth',
    `What a message costs at ${figure(growth.rate)} messages a second.`,
    table([...header, 'gateway MB', 'lost or twice', 'others'], rows),
  ]
}

const memoryOf = (usage: Readonly<Record<string, { memory: number }>>, service: string): number =>
  Object.entries(usage)
    .filter(([name]) => name.startsWith(service))
    .reduce((total, [, { memory }]) => total + memory, 0)

export function catchUpSection({ catchUp }: BenchmarkReport): string[] {
  if (catchUp === undefined) return []
  const { before, outage, catchUp: after } = catchUp.memory
  const processes = Object.keys(before).filter((name) => name !== 'postgres' && name !== 'mosquitto')
  return [
    '## After a Postgres outage',
    `Postgres was killed for ${figure(catchUp.outageSeconds)} s at ${figure(catchUp.liveRate)} messages a second, the load going on. ${figure(catchUp.backlog)} messages waited; they were rows ${figure(catchUp.catchUpSeconds)} s after it answered again: ${figure(catchUp.rate)} rows/s, ${figure(catchUp.ratio)} × the live rate. ${catchUp.lost} lost, ${catchUp.duplicated} twice of ${figure(catchUp.expected)}.`,
    table(
      ['highest memory, MB', 'before', 'during', 'catching up'],
      processes.map((name) => [name, megabytes(before[name]), megabytes(outage[name]), megabytes(after[name])]),
    ),
  ]
}

export function storageSection({ pipeline }: BenchmarkReport): string[] {
  if (pipeline === undefined) return []
  const { storage } = pipeline
  return [
    '## Storage',
    `${figure(storage.rows)} rows with a payload of ${figure(storage.payload)} bytes each.`,
    table(
      ['bytes a row', ''],
      [
        ['heap', figure(storage.heap)],
        ...Object.entries(storage.indexes).map(([index, bytes]) => [`index ${index}`, figure(bytes)]),
        ['all', figure(storage.total)],
      ],
    ),
  ]
}
