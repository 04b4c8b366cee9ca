import { CLOSED_LOOP_BACKLOG, type LoadResult } from '../pipeline/measure-load.ts'
import type { BenchmarkReport } from './benchmark-report.ts'
import { sum, totalCost } from './costs.ts'
import { figure, megabytes, ratio, table } from './format.ts'

interface NamedRun {
  readonly name: string
  readonly result: LoadResult
}

/** Runs of the pipeline: rates, latencies, cost by process, and how that compares with floors and peers. */
export function pipelineSection(report: BenchmarkReport): string[] {
  const { pipeline } = report
  if (pipeline === undefined) return []
  const runs: NamedRun[] = [
    { name: pipeline.maximum.wantedRate === null ? 'maximum' : 'given rate', result: pipeline.maximum },
    ...pipeline.atShares.map(({ share, result }) => ({ name: `${share * 100} %`, result })),
  ]
  return [
    '## The whole pipeline',
    `${figure(pipeline.sockets)} sockets with a device each, ${pipeline.gateways} gateway(s), ${pipeline.writers} writer(s); Mosquitto, nats-server, Postgres and the load generator on the same machine. The maximum is what becomes rows while at most ${figure(CLOSED_LOOP_BACKLOG)} messages are on their way; shares are of that maximum, at a fixed pace, each begun when the rollups of the run before are made.`,
    latencyTable(runs),
    `Latencies in milliseconds from the time in the payload, at the maximum that of publishing, at a fixed pace that at which the message was due, so that a late load generator counts: to the commit of the row (by \`pg_xact_commit_timestamp\`, taken just before the WAL is flushed, which took ${figure(pipeline.atShares.at(0)?.result.walFlush ?? pipeline.maximum.walFlush)} ms on average), and to the delivery at a subscriber of the live NATS subjects (three sockets of every PDU). Others: cores that went to programs of no part in this, or to the host, meanwhile.`,
    '### CPU microseconds a message, by process',
    'The last two only measure: the subscriber and the load generator.',
    processTable(runs, ({ cpuMicroseconds }, process) => figure(cpuMicroseconds[process])),
    '### Reads and writes a message, by process',
    processTable(runs, ({ usage, rate, seconds }, process) =>
      figure((usage[process]?.calls ?? Number.NaN) / (rate * seconds)),
    ),
    '### Highest resident memory in MB, by process',
    processTable(runs, ({ usage }, process) => megabytes(usage[process]?.memory)),
    ...ratioSection(report),
  ]
}

function latencyTable(runs: readonly NamedRun[]): string {
  const header = [
    'load',
    'rows/s',
    'lost',
    'twice',
    'row p50',
    'p95',
    'p99',
    'NATS p50',
    'p95',
    'p99',
    'on their way',
    'others',
  ]
  const rows = runs.map(({ name, result }) => {
    const { rowLatency, natsLatency, backlog } = result
    return [
      name,
      figure(result.rate),
      String(result.lost),
      String(result.duplicated),
      ...[rowLatency.p50, rowLatency.p95, rowLatency.p99].map(figure),
      ...[natsLatency?.p50, natsLatency?.p95, natsLatency?.p99].map(figure),
      `${figure(backlog[0])} → ${figure(backlog[1])}`,
      figure(result.otherCores),
    ]
  })
  return table(header, rows)
}

function processTable(runs: readonly NamedRun[], cell: (result: LoadResult, process: string) => string): string {
  const processes = Object.keys(runs[0]?.result.cpuMicroseconds ?? {})
  const rows = runs.map(({ name, result }) => [name, ...processes.map((process) => cell(result, process))])
  return table(['load', ...processes], rows)
}

function ratioSection({ pipeline, floors }: BenchmarkReport): string[] {
  if (pipeline === undefined || floors === undefined) return []
  const { rate } = pipeline.maximum
  const total = totalCost(pipeline.maximum)
  const rows = [
    ['broker alone, bare subscriber', floors.broker],
    ['raw JetStream publish', floors.jetstream],
    ['binary COPY', floors.copy.plain],
    ['binary COPY → temp → on conflict', floors.copy.idempotent],
  ] as const
  return [
    '### The maximum against the floors of the same run',
    table(
      ['against', 'its rate /s', "pipeline's rate", 'its CPU µs', "pipeline's CPU"],
      rows.map(([name, floor]) => {
        const cost = sum(floor.cpuMicroseconds)
        return [name, figure(floor.rate), ratio(rate, floor.rate), figure(cost), ratio(total, cost)]
      }),
    ),
  ]
}
