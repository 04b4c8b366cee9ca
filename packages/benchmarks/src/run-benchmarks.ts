import { runCatchUpScenario } from './catch-up/catch-up-scenario.ts'
import type { BenchmarkFlags, Part } from './flags.ts'
import { runFloorsScenario } from './floors/floors-scenario.ts'
import { runGrowthScenario } from './growth/growth-scenario.ts'
import { runHistoryScenario } from './history/history-scenario.ts'
import { runStreamScenario } from './history/stream-scenario.ts'
import { runPeersScenario } from './peers/peers-scenario.ts'
import { runPipelineScenario } from './pipeline/pipeline-scenario.ts'
import type { BenchmarkReport } from './report/benchmark-report.ts'
import { runStagesScenario } from './stages/stages-scenario.ts'

/** What was measured; where, when and of which sources is added by the caller. */
export type Measurements = Omit<BenchmarkReport, 'date' | 'commit' | 'machine' | 'versions' | 'arguments' | 'duration'>

/** Messages a second of growth and catch-up: a load that the machine carries with ease, so that it is the same for all. */
const STEADY_RATE = 5_000
/** Enough for a 95th percentile. */
const HISTORY_REQUESTS = 200
const STREAM = { clients: 500, everything: 5, rate: 2_000 }
const QUICK_SHARES = [0.5]
const SHARES = [0.25, 0.5, 0.8]

/** Runs the parts one after the other, so that none disturbs another. */
export async function runBenchmarks(
  flags: BenchmarkFlags,
  profileDirectory: string | undefined,
  say: (line: string) => void,
): Promise<Measurements> {
  const { quick, sockets, seconds } = flags
  const wanted = (part: Part) => flags.parts.includes(part)
  const warmUp = quick ? 2 : 5
  /** Enough for figures that are compared only among themselves. */
  const shortSeconds = Math.min(seconds, quick ? 3 : 15)
  const results: { -readonly [Name in keyof Measurements]: Measurements[Name] } = {}

  if (wanted('pipeline') || wanted('storage')) {
    const shares = wanted('pipeline') ? (quick ? QUICK_SHARES : SHARES) : []
    const { gateways, writers, rate } = flags
    const options = { gateways, writers, sockets, seconds, warmUp, rate, shares, profileDirectory, say }
    results.pipeline = await runPipelineScenario(options)
  }
  if (wanted('floors')) results.floors = await runFloorsScenario(shortSeconds, say)
  if (wanted('peers')) {
    results.peers = await runPeersScenario({ sockets, seconds: shortSeconds, warmUp, install: !quick, say })
  }
  if (wanted('stages')) {
    const options = { roundTime: quick ? 100 : 400, rounds: quick ? 3 : 7, storeSeconds: shortSeconds }
    results.stages = await runStagesScenario(options, say)
  }
  if (wanted('growth')) {
    results.growth = await runGrowthScenario({ rate: STEADY_RATE, seconds: shortSeconds, warmUp, say })
  }
  if (wanted('catch-up')) {
    const options = { sockets, rate: STEADY_RATE, outageSeconds: flags.catchUpSeconds, say }
    results.catchUp = await runCatchUpScenario(options)
  }
  if (wanted('history')) {
    results.history = await runHistoryScenario({ rows: flags.historyRows, requests: HISTORY_REQUESTS, say })
  }
  if (wanted('stream')) results.stream = await runStreamScenario({ ...STREAM, seconds: shortSeconds, say })
  return results
}
