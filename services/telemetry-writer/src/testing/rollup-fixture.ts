import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { connectDatabase } from '@iomt/database/connect'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import type pg from 'pg'
import { pino } from 'pino'
import { createWriterMetrics, type WriterMetrics } from '../metrics.ts'
import { createPartitionKeeper, type PartitionKeeper } from '../partitions/partition-keeper.ts'
import { type RollupScope, rollUp } from '../rollups/roll-up.ts'
import { createBatchStore } from '../store/store-batch.ts'
import { readingOf } from './messages.ts'
import { type ModelRow, type RollupUnit, rollupKey } from './rollup-model.ts'

const TABLES = { minute: 'telemetry_rollups_1m', hour: 'telemetry_rollups_1h', day: 'telemetry_rollups_1d' } as const
const NUMBERS = /_(?:count|min|max|sum|last|first|delta|handover|true)$|^readings$/

/** A database that readings are stored in and rolled up, without NATS. */
export interface RollupFixture {
  readonly database: MigratedDatabase
  readonly pool: pg.Pool
  readonly partitions: PartitionKeeper
  readonly metrics: WriterMetrics
  /** One batch, as the writer stores it. */
  store(messages: readonly TelemetryMessage[]): Promise<void>
  /** One round; by default of everything that is pending. */
  rollUp(
    scope?: Partial<RollupScope>,
    betweenSlices?: (milliseconds: number) => Promise<boolean>,
  ): Promise<number | null>
  rollups(unit: RollupUnit): Promise<Map<string, ModelRow>>
  rows<Row = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>
  /** Empties every table of readings and rollups. */
  clear(): Promise<void>
  stop(): Promise<void>
}

/** `timeZone`: of the sessions that store and roll up; nothing may depend on it. */
export async function createRollupFixture({ timeZone = 'UTC' } = {}): Promise<RollupFixture> {
  const database = await createMigratedDatabase()
  const url = new URL(database.url)
  url.searchParams.set('options', `-c timezone=${timeZone}`)
  const { pool, database: connections } = connectDatabase({
    url: url.href,
    applicationName: 'rollup-test',
    onConnectionError() {},
  })
  const logger = pino({ level: 'silent' })
  const metrics = createWriterMetrics()
  const partitions = createPartitionKeeper({ pool, daysAhead: 1, now: Date.now, logger })
  const storeReadings = createBatchStore({ pool, partitions, metrics, afterCommit: () => {} })
  const rows = async <Row>(sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows as Row[]
  return {
    database,
    pool,
    partitions,
    metrics,
    store: (messages) => storeReadings(messages.map(readingOf)),
    rollUp: (scope = {}, betweenSlices = async () => true) =>
      rollUp(
        { pool, partitions, betweenSlices },
        { endedBy: Date.UTC(2099, 0), quietSeconds: 0, minutes: 10_000, ...scope },
      ),
    async rollups(unit) {
      const found = await rows<ModelRow & { bucket: Date }>(`select * from ${TABLES[unit]}`)
      return new Map(
        found.map(({ bucket, socket_id, device_id, ...row }) => [
          rollupKey(socket_id, bucket.toISOString(), device_id),
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, NUMBERS.test(name) ? value : asText(value)]),
          ) as ModelRow,
        ]),
      )
    },
    rows,
    async clear() {
      partitions.forget()
      await pool.query(
        `truncate device_data_logs, device_current_state, rollup_pending, late_redeliveries, ${Object.values(TABLES).join(', ')}`,
      )
    },
    async stop() {
      partitions.stop()
      await connections.destroy()
      await database.drop()
    },
  }
}

const asText = (value: unknown) => (value instanceof Date ? value.toISOString() : value)
