import type { TaskResult } from '../measure/forked-task.ts'
import type { BenchmarkReport } from './benchmark-report.ts'
import { comparedPeers } from './compared-peers.ts'
import { serviceCost, totalCost } from './costs.ts'
import { figure, megabytes, ratio, table } from './format.ts'

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
  const rows = comparedPeers(peers).map(({ name, result, product }) => [
    name,
    figure(result.rate),
    figure(product.rate),
    ratio(product.rate, result.rate),
    figure(totalCost(result) - (result.cpuMicroseconds['mosquitto'] ?? 0) - (result.cpuMicroseconds['postgres'] ?? 0)),
    figure(result.cpuMicroseconds['postgres']),
    figure(totalCost(result)),
    figure(product.cost),
    String(result.lost),
    figure(result.rowLatency.p99),
    megabytes(memoryOf(result.usage, 'peer', 'bare-', 'nats')),
    figure(result.otherCores),
  ])
  return [
    '## Peers',
    'The same load into the same table on the same Postgres. None keeps a message over its own crash, merges current state, or removes duplicates; only the bare pipeline has anything on NATS.',
    "The bare pipeline is a few short files on the product's way: MQTT, JetStream, binary COPY. It has no validation, decoding, pool, merging or look for duplicates, and loses or doubles messages when anything stops: what these servers and this runtime can do here.",
    'A machine that others share changes its speed within minutes. So the product runs at its maximum just before and just after each of them, as long as they do, and is compared by the mean of those two runs.',
    table(
      [
        'peer',
        'rows/s',
        'product beside it',
        'product against it',
        'peer µs',
        'Postgres µs',
        'all µs',
        'product, all µs',
        'lost',
        'row p99 ms',
        'peer MB',
        'others',
      ],
      rows,
    ),
    ...peers.missing,
  ]
}

export function stagesSection({ stages }: BenchmarkReport): string[] {
  if (stages === undefined) return []
  const { store, decoders } = stages
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
    '### Decoders',
    'Bytes to a normalised reading: real messages of each family, read as `auto` does.',
    table(
      ['message', 'decoder', 'bytes', 'CPU µs'],
      decoders.map(({ message, decoder, bytes, cpuMicroseconds }) => [
        message,
        decoder,
        figure(bytes),
        figure(cpuMicroseconds),
      ]),
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

const memoryOf = (usage: Readonly<Record<string, { memory: number }>>, ...names: readonly string[]): number =>
  Object.entries(usage)
    .filter(([process]) => names.some((name) => process.startsWith(name)))
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

export function historySection({ history }: BenchmarkReport): string[] {
  if (history === undefined) return []
  const { tables, questions } = history
  return [
    '## History',
    `${history.days} days of a reading each ${history.intervalSeconds} s from ${history.sockets} sockets; hours, days and current state of 5,000. ${figure(history.requests)} requests of each kind over HTTP, one after the other, each for another device, PDU or day (the current state is that of all devices each time).`,
    table(
      ['table', 'rows', 'GiB'],
      Object.entries(tables).map(([name, { rows, gib }]) => [name, figure(rows), figure(gib)]),
    ),
    table(
      ['question', 'p50 ms', 'p95 ms', 'p99 ms', 'bytes'],
      Object.entries(questions).map(([name, { p50, p95, p99, bytes }]) => [
        name,
        ...[p50, p95, p99, bytes].map(figure),
      ]),
    ),
    `${figure(history.export.rows)} readings of one device as CSV: ${figure(history.export.rowsPerSecond)} rows/s; config-api, started for it, held at most ${megabytes(history.export.memoryMost)} MB, ${megabytes(history.export.memoryBefore)} MB before.`,
  ]
}

export function streamSection({ stream }: BenchmarkReport): string[] {
  if (stream === undefined) return []
  const { clients, everything, latency, differing } = stream
  const compared = differing === undefined ? '' : `, ${differing} with more or less than was for them`
  return [
    '## Live stream',
    `\`GET /telemetry/stream\` of one config-api: ${figure(clients)} clients, ${everything} of them with all readings, the others with one device each; ${figure(stream.rate)} readings a second for ${figure(stream.seconds)} s. ${figure(stream.delivered)} of ${figure(stream.expected)} events were delivered, ${stream.broken} clients lost${compared}; from the publish on NATS to the client p50 ${figure(latency.p50)}, p95 ${figure(latency.p95)}, p99 ${figure(latency.p99)} ms.`,
    table(
      ['process', 'cores', 'most MB'],
      Object.entries(stream.processes).map(([name, { cores, memory }]) => [name, figure(cores), megabytes(memory)]),
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
