import type { Database } from '@iomt/database/connect'
import type { ReplayProgress } from './replay-store.ts'

/** One replay while it runs. */
export interface ReplayRun {
  readonly id: string
  readonly database: Database
  readonly from: Date
  readonly to: Date
  readonly dryRun: boolean
  readonly progress: ReplayProgress
  /** Aborted when this process is to end. */
  readonly signal: AbortSignal
  /** Writes the progress down; call it after each batch. @throws when the run is to end. */
  save(): Promise<void>
}
