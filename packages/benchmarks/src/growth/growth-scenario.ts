import type { LoadResult } from '../pipeline/measure-load.ts'
import { runPipelineScenario } from '../pipeline/pipeline-scenario.ts'

const SOCKETS = [100, 1_000, 5_000, 20_000]
const GATEWAYS = [1, 2, 3]
const SOCKETS_WITH_GATEWAYS = 1_000

export interface GrowthRow {
  readonly sockets: number
  readonly gateways: number
  readonly result: LoadResult
}

export interface GrowthResult {
  /** Messages a second of every row: the cost of a message depends on it. */
  readonly rate: number
  readonly rows: readonly GrowthRow[]
}

/** What a message costs with more sockets and with more gateways, at one rate. */
export async function runGrowthScenario(options: {
  rate: number
  seconds: number
  warmUp: number
  say: (line: string) => void
}): Promise<GrowthResult> {
  const sizes = [
    ...SOCKETS.map((sockets) => ({ sockets, gateways: 1 })),
    ...GATEWAYS.slice(1).map((gateways) => ({ sockets: SOCKETS_WITH_GATEWAYS, gateways })),
  ]
  const rows: GrowthRow[] = []
  for (const size of sizes) {
    const { maximum } = await runPipelineScenario({ ...options, ...size, writers: 1, shares: [] })
    rows.push({ ...size, result: maximum })
  }
  return { rate: options.rate, rows }
}
