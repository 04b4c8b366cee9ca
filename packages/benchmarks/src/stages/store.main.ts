// The writer's storing with nothing around it: readings are made in memory, as decoded ones are.
import { createWriterMetrics } from '@iomt/telemetry-writer/metrics'
import { createBatchStore } from '@iomt/telemetry-writer/store-batch'
import pg from 'pg'
import { serveForkedTask } from '../measure/forked-task.ts'
import { createReadings } from './sample-readings.ts'

export interface StoreInput {
  readonly url: string
  readonly seconds: number
  readonly batch: number
  readonly sockets: number
}

serveForkedTask<StoreInput>(async ({ url, seconds, batch, sockets }) => {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  // The partitions are there: migrateWithPartitions made them.
  const partitions = { start() {}, ensure: async () => {}, ensureRollups: async () => {}, forget() {}, stop() {} }
  const store = createBatchStore({ pool, partitions, metrics: createWriterMetrics(), afterCommit() {} })
  const readings = createReadings(sockets)
  let messages = 0
  const startedAt = performance.now()
  while (performance.now() - startedAt < seconds * 1_000) {
    await store(readings.next(batch, Date.now()))
    messages += batch
  }
  const elapsed = (performance.now() - startedAt) / 1_000
  await pool.end()
  return { messages, seconds: elapsed }
})
