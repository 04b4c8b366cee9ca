import { startPostgres } from '@iomt/testing/postgres-server'
import { runForkedTask, type TaskResult } from '../measure/forked-task.ts'
import { POSTGRES_SETTINGS } from '../pipeline/postgres-settings.ts'
import { migrateWithPartitions } from '../pipeline/prepared-tables.ts'
import type { CopyInput } from './copy.main.ts'

/** Rows of a transaction, as the writer's default. */
const BATCH = 2_000

export interface CopyFloors {
  readonly plain: TaskResult
  readonly idempotent: TaskResult
}

/** Binary COPY of readings into the product's own table, straight and through a temporary table. */
export async function measureCopyFloors(seconds: number): Promise<CopyFloors> {
  const plain = await measureCopy(seconds, false)
  return { plain, idempotent: await measureCopy(seconds, true) }
}

async function measureCopy(seconds: number, idempotent: boolean): Promise<TaskResult> {
  const postgres = await startPostgres({ settings: POSTGRES_SETTINGS })
  try {
    await migrateWithPartitions(postgres.url)
    const input: CopyInput = { url: postgres.url, seconds, batch: BATCH, idempotent }
    return await runForkedTask(new URL('./copy.main.ts', import.meta.url), input, { postgres: postgres.pid })
  } finally {
    await postgres.stop()
  }
}
