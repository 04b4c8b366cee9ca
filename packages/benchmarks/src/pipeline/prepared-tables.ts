import { connectDatabase } from '@iomt/database/connect'
import { migrateToLatest } from '@iomt/database/migrate'
import type pg from 'pg'

const DAY = 24 * 60 * 60 * 1_000

/** The product's tables, for services that make their partitions themselves. */
export const migrate = (url: string): Promise<void> => withTables(url, async () => {})

/** The product's tables, with the partitions that the writer would make: for those who store without it. */
export async function migrateWithPartitions(url: string): Promise<void> {
  await withTables(url, async (pool) => {
    // A run over midnight needs tomorrow's, too.
    for (const day of [0, 1]) {
      const from = new Date(Math.floor(Date.now() / DAY) * DAY + day * DAY)
      const to = new Date(from.getTime() + DAY)
      await pool.query(
        `create table device_data_logs_benchmark_${day} partition of device_data_logs
         for values from ('${from.toISOString()}') to ('${to.toISOString()}')`,
      )
    }
  })
}

async function withTables(url: string, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const { database, pool } = connectDatabase({ url, applicationName: 'benchmark', onConnectionError() {} })
  try {
    await migrateToLatest(database)
    await work(pool)
  } finally {
    await database.destroy()
  }
}
