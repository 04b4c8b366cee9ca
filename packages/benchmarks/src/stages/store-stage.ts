import { startPostgres } from '@iomt/testing/postgres-server'
import { runForkedTask } from '../measure/forked-task.ts'
import { POSTGRES_SETTINGS } from '../pipeline/postgres-settings.ts'
import { migrateWithPartitions } from '../pipeline/prepared-tables.ts'
import type { StoreInput } from './store.main.ts'

export interface StoreStageResult {
  readonly rate: number
  readonly batch: number
  readonly cpuMicroseconds: number
  readonly postgresMicroseconds: number
}

/** Readings of a transaction, the writer's default. */
const BATCH = 2_000
const SOCKETS = 1_000

/** The writer's transaction (rows, pending rollups, current state) on one connection, batches made in memory. */
export async function measureStoreStage(seconds: number): Promise<StoreStageResult> {
  const postgres = await startPostgres({ settings: POSTGRES_SETTINGS })
  try {
    await migrateWithPartitions(postgres.url)
    const input: StoreInput = { url: postgres.url, seconds, batch: BATCH, sockets: SOCKETS }
    const main = new URL('./store.main.ts', import.meta.url)
    const { rate, cpuMicroseconds } = await runForkedTask(main, input, { postgres: postgres.pid })
    return {
      rate,
      batch: BATCH,
      cpuMicroseconds: cpuMicroseconds['client'] ?? Number.NaN,
      postgresMicroseconds: cpuMicroseconds['postgres'] ?? Number.NaN,
    }
  } finally {
    await postgres.stop()
  }
}
