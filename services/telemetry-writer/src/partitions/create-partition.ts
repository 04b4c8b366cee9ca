import type pg from 'pg'
import { isPartitionOverlap } from '../store/classify-error.ts'
import { inTransaction } from '../store/in-transaction.ts'
import type { Partition } from './partitioned-table.ts'

/** Key of the advisory lock; any number that nothing else in this database uses. */
const LOCK_KEY = 7_106_001

/**
 * Makes a partition, when it is not there, and answers whether it did. A table made beside the parent and attached takes
 * SHARE UPDATE EXCLUSIVE on the parent, which lets inserts go on; `create table … partition of` would take ACCESS
 * EXCLUSIVE, wait for every running transaction and have all inserts wait behind it.
 */
export async function createPartition(pool: pg.Pool, partition: Partition): Promise<boolean> {
  try {
    return await createAndAttach(pool, partition)
  } catch (error) {
    // An operator may have made one by another name, or of another length: rows find their way there.
    if (isPartitionOverlap(error)) return false
    throw error
  }
}

async function createAndAttach(pool: pg.Pool, { table, name, from, to }: Partition): Promise<boolean> {
  return await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK_KEY])
    let free = name
    for (let number = 2; ; number += 1) {
      const { rows } = await client.query<{ attached: boolean }>(
        `select exists (select from pg_inherits where inhrelid = c.oid and inhparent = $2::regclass) as attached
         from pg_class c where c.oid = to_regclass($1)`,
        [free, table.name],
      )
      if (rows[0]?.attached === true) return false
      if (rows.length === 0) break
      // An operator's, who has detached it to keep it, maybe in another table: here it would go with the next retention.
      free = `${name}_${number}`
    }
    const parameters = Object.entries(table.storageParameters).map(([parameter, value]) => `${parameter} = ${value}`)
    const storage = parameters.length > 0 ? `with (${parameters.join(', ')})` : ''
    await client.query(`create table ${free} (like ${table.name} including all) ${storage}`)
    await client.query(
      `alter table ${table.name} attach partition ${free} for values from ('${isoTime(from)}') to ('${isoTime(to)}')`,
    )
    return true
  })
}

const isoTime = (milliseconds: number) => new Date(milliseconds).toISOString()
