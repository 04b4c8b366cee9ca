import { median } from '../measure/percentiles.ts'
import type { LedgerCount } from '../pipeline/stored-readings.ts'
import type { DecoderStage } from '../stages/decoder-stages.ts'
import type { BenchmarkReport } from './benchmark-report.ts'
import { type ComparedPeer, comparedPeers } from './compared-peers.ts'
import { serviceCost, totalCost } from './costs.ts'
import { figure } from './format.ts'

/** A promise of the product and what was measured. */
export interface TargetCheck {
  readonly target: string
  readonly measured: string
  readonly met: boolean
}

/** The targets that this report can judge. */
export function checkTargets(report: BenchmarkReport): TargetCheck[] {
  return [...lossTargets(report), ...pipelineTargets(report), ...peerTargets(report), ...otherTargets(report)]
}

/** Over every run of the product: a loss after an outage, or with three gateways, is one, too. */
function lossTargets({ pipeline, peers, growth, catchUp }: BenchmarkReport): TargetCheck[] {
  const runs: LedgerCount[] = [
    ...(pipeline ? [pipeline.maximum, ...pipeline.atShares.map(({ result }) => result)] : []),
    ...(peers?.product ?? []),
    ...(growth?.rows.map(({ result }) => result) ?? []),
    ...(catchUp ? [catchUp] : []),
  ]
  if (runs.length === 0) return []
  const lost = runs.reduce((total, run) => total + run.lost, 0)
  const duplicated = runs.reduce((total, run) => total + run.duplicated, 0)
  return [
    {
      target: 'nothing lost, nothing twice',
      measured: `${lost} lost, ${duplicated} twice`,
      met: lost === 0 && duplicated === 0,
    },
  ]
}

function pipelineTargets({ pipeline }: BenchmarkReport): TargetCheck[] {
  if (pipeline === undefined) return []
  const { maximum } = pipeline
  const gateway = serviceCost(maximum, 'mqtt-gateway')
  const writer = serviceCost(maximum, 'telemetry-writer')
  const half = pipeline.atShares.find(({ share }) => share === 0.5)?.result
  return [
    atLeast(`messages sustained to committed rows for ${Math.round(maximum.seconds)} s`, maximum.rate, 20_000, '/s'),
    atLeast('the further aim', maximum.rate, 28_000, '/s'),
    atMost('gateway CPU a message at the maximum', gateway, 18, ' µs'),
    atMost('writer CPU a message at the maximum', writer, 15, ' µs'),
    ...(half === undefined
      ? []
      : [
          atMost('publish to row, p99 at half load', half.rowLatency.p99, 250, ' ms'),
          atMost('publish to NATS, p99 at half load', half.natsLatency?.p99 ?? Number.NaN, 25, ' ms'),
        ]),
  ]
}

function peerTargets({ peers }: BenchmarkReport): TargetCheck[] {
  if (peers === undefined) return []
  const others = comparedPeers(peers).filter(({ result }) => result !== peers.bare)
  const perMessage = others.find(({ name }) => name.includes('insert per message'))
  // One that did not run may be the fastest.
  const complete = peers.missing.length === 0
  const fastest = complete && others.toSorted((one, other) => other.result.rate - one.result.rate)[0]
  const ratio = ({ product, result }: ComparedPeer) => product.rate / result.rate
  return [
    ...(perMessage ? [atLeast('rate against Node-RED, insert per message', ratio(perMessage), 2.5, ' ×')] : []),
    ...(fastest ? [atLeast(`rate against the fastest peer (${fastest.name})`, ratio(fastest), 1, ' ×')] : []),
  ]
}

/** By the question's name in the history benchmark: milliseconds. */
const HISTORY_TARGETS = [
  ['device, 1,440 readings raw', 50],
  ['device, one day raw, all 8,640 readings', 50],
  ['PDU of 25 sockets, one month hourly', 100],
  ['current state of 5,000 devices', 100],
] as const

function otherTargets({ pipeline, catchUp, growth, history, stream, stages }: BenchmarkReport): TargetCheck[] {
  const targets: TargetCheck[] = []
  if (pipeline) targets.push(atMost('bytes on disk a row, indexes included', pipeline.storage.total, 400, ''))
  if (catchUp) targets.push(atLeast('rows a second while catching up, against the live rate', catchUp.ratio, 5, ' ×'))
  if (growth) {
    const costs = growth.rows.map(({ result }) => totalCost(result))
    const spread = Math.max(...costs) / Math.min(...costs)
    targets.push(
      atMost('dearest against cheapest message over 100 to 20,000 sockets and 1 to 3 gateways', spread, 1.5, ' ×'),
    )
  }
  if (history) {
    for (const [question, bound] of HISTORY_TARGETS) {
      const measured = history.questions[question]
      if (measured) targets.push(atMost(`${question}, p95`, measured.p95, bound, ' ms'))
    }
  }
  if (stream) {
    targets.push({
      target: `stream: ${figure(stream.clients)} clients at 2,000 msg/s get everything`,
      measured: `${figure(stream.delivered)} of ${figure(stream.expected)}`,
      met: stream.delivered === stream.expected && stream.broken === 0 && (stream.differing ?? 0) === 0,
    })
  }
  if (stages) targets.push(...decoderTargets(stages.decoders))
  return targets
}

function decoderTargets(decoders: readonly DecoderStage[]): TargetCheck[] {
  const targets: TargetCheck[] = []
  for (const family of ['flat-json', 'tasmota', 'shelly']) {
    // Longer messages in proportion; shorter ones as they are.
    const costs = decoders
      .filter(({ decoder }) => decoder.startsWith(family))
      .map(({ cpuMicroseconds, bytes }) => (cpuMicroseconds * 300) / Math.max(bytes, 300))
    if (costs.length > 0) {
      targets.push(atMost(`decoding 300 bytes of ${family}, the median message`, median(costs), 5, ' µs'))
    }
  }
  const costOf = (message: string) => decoders.find((stage) => stage.message === message)?.cpuMicroseconds
  const [flat, mapping] = [costOf('load'), costOf('load, by a mapping')]
  if (flat && mapping) targets.push(atMost('a mapping against flat JSON', mapping / flat, 1.5, ' ×'))
  return targets
}

function atLeast(what: string, value: number, bound: number, unit: string): TargetCheck {
  return { target: `${what} ≥ ${figure(bound)}${unit}`, measured: figure(value), met: value >= bound }
}

function atMost(what: string, value: number, bound: number, unit: string): TargetCheck {
  return { target: `${what} ≤ ${figure(bound)}${unit}`, measured: figure(value), met: value <= bound }
}
