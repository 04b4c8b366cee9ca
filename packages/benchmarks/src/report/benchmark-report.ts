import type { CatchUpResult } from '../catch-up/catch-up-scenario.ts'
import type { FloorsResult } from '../floors/floors-scenario.ts'
import type { GrowthResult } from '../growth/growth-scenario.ts'
import type { HistoryResult } from '../history/history-scenario.ts'
import type { StreamResult } from '../history/stream-scenario.ts'
import type { PeersResult } from '../peers/peers-scenario.ts'
import type { PipelineResult } from '../pipeline/pipeline-scenario.ts'
import type { StagesResult } from '../stages/stages-scenario.ts'

/** Where the figures come from. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  readonly system: string
}

/** Everything that one run of the benchmarks found; what was not asked for is missing. */
export interface BenchmarkReport {
  /** ISO 8601. */
  readonly date: string
  /** Of the sources; `+` behind it: with changes that are not committed. */
  readonly commit: string
  readonly machine: Machine
  /** By program, such as `nats-server`. */
  readonly versions: Readonly<Record<string, string>>
  /** The command line. */
  readonly arguments: readonly string[]
  /** Seconds that it took. */
  readonly duration: number
  readonly pipeline?: PipelineResult
  readonly floors?: FloorsResult
  readonly peers?: PeersResult
  readonly stages?: StagesResult
  readonly growth?: GrowthResult
  readonly catchUp?: CatchUpResult
  readonly history?: HistoryResult
  readonly stream?: StreamResult
}
