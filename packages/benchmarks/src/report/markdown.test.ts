import { expect, test } from 'vitest'
import type { LoadResult } from '../pipeline/measure-load.ts'
import type { BenchmarkReport } from './benchmark-report.ts'
import { figure, table } from './format.ts'
import { toMarkdown } from './markdown.ts'
import { checkTargets } from './targets.ts'

const run = (changes: Partial<LoadResult>): LoadResult => ({
  expected: 100,
  rows: 100,
  lost: 0,
  duplicated: 0,
  wantedRate: null,
  seconds: 60,
  rate: 24_000,
  backlog: [9_000, 9_500],
  usage: {
    'mqtt-gateway-1': { cpu: 1, calls: 720_000, memory: 104_857_600 },
    generator: { cpu: 1, calls: 1, memory: 1 },
  },
  cpuMicroseconds: { 'mqtt-gateway-1': 12, 'mqtt-gateway-2': 5, 'telemetry-writer-1': 15.5, generator: 8 },
  rowLatency: { samples: 10, p50: 1, p95: 2, p99: 249, max: 300 },
  natsLatency: { samples: 10, p50: 1, p95: 2, p99: 26, max: 30 },
  otherCores: 0.12,
  walFlush: 0.5,
  mostOverdue: 0,
  ...changes,
})

const report: BenchmarkReport = {
  date: '2026-11-23T09:00:00.000Z',
  commit: 'abc',
  machine: { processor: 'Some CPU', cores: 2, memory: 25_769_803_776, system: 'Linux 6.1' },
  versions: { Node: '24.21.0' },
  arguments: [],
  duration: 600,
  pipeline: {
    sockets: 1_000,
    gateways: 2,
    writers: 1,
    maximum: run({}),
    atShares: [{ share: 0.5, result: run({ rate: 12_000, wantedRate: 12_000 }) }],
    storage: { rows: 1e6, heap: 290, indexes: { 'btree (id)': 40.5 }, total: 331, payload: 200 },
  },
  peers: {
    product: [22_000, 26_000, 20_000, 30_000].map((rate) => run({ rate })),
    bare: run({ rate: 30_000, natsLatency: null }),
    peers: {
      'Node-RED, insert per message': run({ rate: 8_000, natsLatency: null }),
      'Python, batches': run({ rate: 25_000, natsLatency: null }),
    },
    missing: ['Perl is not installed.'],
  },
}

const verdicts = (of: BenchmarkReport) => Object.fromEntries(checkTargets(of).map(({ target, met }) => [target, met]))

test('each target is judged by the figure that it is about', () => {
  expect(verdicts(report)).toEqual({
    'messages sustained to committed rows for 60 s ≥ 20,000/s': true,
    'the further aim ≥ 28,000/s': false,
    'nothing lost, nothing twice': true,
    // Two gateways together.
    'gateway CPU a message at the maximum ≤ 18.0 µs': true,
    'writer CPU a message at the maximum ≤ 15.0 µs': false,
    'publish to row, p99 at half load ≤ 250 ms': true,
    'publish to NATS, p99 at half load ≤ 25.0 ms': false,
    'rate against Node-RED, insert per message ≥ 2.50 ×': true,
    'rate against the fastest peer (Python, batches) ≥ 1.00 ×': true,
    'bytes on disk a row, indexes included ≤ 400': true,
  })
})

test('a loss in any run of the pipeline breaks the promise', () => {
  const lossy = { share: 0.8, result: run({ lost: 1 }) }
  const pipeline = { ...report.pipeline, atShares: [lossy] } as BenchmarkReport['pipeline'] & object
  expect(verdicts({ ...report, pipeline })).toMatchObject({ 'nothing lost, nothing twice': false })
})

test('the report names machine, versions and commit, and every part that was measured', () => {
  const text = toMarkdown(report)
  expect(text).toContain('2026-11-23, commit `abc`, 600 s. 2 cores (Some CPU), 24,576 MB, Linux 6.1; Node 24.21.0.')
  expect(text).toContain('| maximum | 24,000 | 0 | 0 | 1.00 | 2.00 | 249 | 1.00 | 2.00 | 26.0 | 9,000 → 9,500 | 0.12 |')
  // Beside the run before it and the one after it, not beside the longer maximum.
  expect(text).toContain('| bare pipeline | 30,000 | 24,000 | 0.80 × |')
  expect(text).toContain('| Node-RED, insert per message | 8,000 | 23,000 | 2.88 × |')
  expect(text).toContain('| Python, batches | 25,000 | 25,000 | 1.00 × |')
  expect(text).toContain('| index btree (id) | 40.5 |')
  expect(text).toContain('Perl is not installed.')
  expect(text).not.toContain('## Growth')
  expect(text).not.toMatch(/undefined|NaN|Infinity|\n\n\n/)
})

test('figures keep three digits that count', () => {
  expect([12_345.6, 99.94, 1.234, 0, -250.4].map(figure)).toEqual(['12,346', '99.9', '1.23', '0.00', '-250'])
  expect([Number.NaN, null, undefined, Number.POSITIVE_INFINITY].map(figure)).toEqual(['–', '–', '–', '–'])
})

test('tables have their numbers on the right', () => {
  expect(table(['what', 'how many'], [['rows', '1']])).toBe('| what | how many |\n| --- | ---: |\n| rows | 1 |')
})
