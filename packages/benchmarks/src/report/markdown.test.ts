import { describe, expect, test } from 'vitest'
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
    missing: [],
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

const growthWith = (result: LoadResult): BenchmarkReport['growth'] & object => ({
  rate: 5_000,
  rows: [
    { sockets: 100, gateways: 1, result: run({}) },
    { sockets: 1_000, gateways: 3, result },
  ],
})
const catchUpWith = (changes: Partial<LoadResult>): BenchmarkReport['catchUp'] & object => ({
  ...run(changes),
  liveRate: 5_000,
  outageSeconds: 60,
  backlog: 300_000,
  catchUpSeconds: 10,
  ratio: 6,
  memory: { before: {}, outage: {}, catchUp: {} },
})
const pipelineWith = (changes: Partial<BenchmarkReport['pipeline']>) =>
  ({ ...report.pipeline, ...changes }) as BenchmarkReport['pipeline'] & object
const peersWith = (changes: Partial<BenchmarkReport['peers']>) =>
  ({ ...report.peers, ...changes }) as BenchmarkReport['peers'] & object

describe.each<Partial<LoadResult>>([{ lost: 1 }, { duplicated: 1 }])('%j breaks the promise', (fault) => {
  const faulty = run(fault)
  test.each<[where: string, part: Partial<BenchmarkReport>]>([
    ['the maximum', { pipeline: pipelineWith({ maximum: faulty }) }],
    ['a share of the maximum', { pipeline: pipelineWith({ atShares: [{ share: 0.8, result: faulty }] }) }],
    ['the product beside its peers', { peers: peersWith({ product: [run({}), run({}), run({}), faulty] }) }],
    ['growth', { growth: growthWith(faulty) }],
    ['catching up', { catchUp: catchUpWith(fault) }],
  ])('in %s alone, also in a report of nothing else', (_where, part) => {
    const whole = { ...report, growth: growthWith(run({})), catchUp: catchUpWith({}) }
    expect(verdicts(whole)).toMatchObject({ 'nothing lost, nothing twice': true })
    expect(verdicts({ ...whole, ...part })).toMatchObject({ 'nothing lost, nothing twice': false })
    const { pipeline: _pipeline, peers: _peers, ...rest } = report
    expect(verdicts({ ...rest, ...part })).toMatchObject({ 'nothing lost, nothing twice': false })
  })
})

test('what peers lose breaks no promise of the product', () => {
  const peers = peersWith({ bare: run({ lost: 1 }), peers: { 'Python, batches': run({ lost: 1 }) } })
  expect(verdicts({ ...report, peers })).toMatchObject({ 'nothing lost, nothing twice': true })
})

test('the fastest peer is nobody when one of them was missing', () => {
  const { 'Python, batches': _python, ...rest } = report.peers?.peers ?? {}
  const peers = peersWith({ peers: rest, missing: ['No Python.'] })
  const judged = Object.keys(verdicts({ ...report, peers }))
  expect(judged).toContain('rate against Node-RED, insert per message ≥ 2.50 ×')
  expect(judged.filter((target) => target.includes('fastest'))).toEqual([])
})

test('a stream that gives one client what another one misses does not give everything', () => {
  const stream: NonNullable<BenchmarkReport['stream']> = {
    clients: 500,
    everything: 5,
    rate: 2_000,
    seconds: 15,
    expected: 1_000,
    delivered: 1_000,
    differing: 0,
    broken: 0,
    latency: { samples: 10, p50: 1, p95: 2, p99: 3, max: 4 },
    processes: {},
  }
  const target = 'stream: 500 clients at 2,000 msg/s get everything'
  expect(verdicts({ ...report, stream })).toMatchObject({ [target]: true })
  for (const fault of [{ differing: 2 }, { delivered: 999 }, { delivered: 1_001 }, { broken: 1 }]) {
    expect(verdicts({ ...report, stream: { ...stream, ...fault } })).toMatchObject({ [target]: false })
  }
})

test('the report names machine, versions and commit, and every part that was measured', () => {
  const text = toMarkdown({ ...report, peers: peersWith({ missing: ['Perl is not installed.'] }) })
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

test('the machine is put beside the one that the targets were set on', () => {
  const floor = { rate: 24_000, messages: 1, seconds: 1, cpuMicroseconds: { mosquitto: 40.9 }, otherCores: 0 }
  const floors = { broker: floor, jetstream: floor, copy: { plain: floor, idempotent: floor } }
  expect(toMarkdown({ ...report, floors })).toContain('took 40.9 µs of CPU a message and moved 24,000/s; when')
  expect(toMarkdown(report)).not.toContain('How fast this machine is')
})

test('figures keep three digits that count', () => {
  expect([12_345.6, 99.94, 1.234, 0, -250.4].map(figure)).toEqual(['12,346', '99.9', '1.23', '0.00', '-250'])
  expect([Number.NaN, null, undefined, Number.POSITIVE_INFINITY].map(figure)).toEqual(['–', '–', '–', '–'])
})

test('tables have their numbers on the right', () => {
  expect(table(['what', 'how many'], [['rows', '1']])).toBe('| what | how many |\n| --- | ---: |\n| rows | 1 |')
})
