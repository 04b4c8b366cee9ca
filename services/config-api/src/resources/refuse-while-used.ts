import type { Schema } from '@iomt/database/schema'
import { sql, type Transaction } from 'kysely'
import { Refusal } from '../changes/refusal.ts'

export interface Use {
  /** What is in the way, in the plural: `sockets`. */
  readonly what: string
  readonly table: keyof Schema
  readonly column: string
  readonly id: string
}

/** @throws Refusal `in-use` with the number of rows in each table that refer to the row. */
export async function refuseWhileUsed(
  transaction: Transaction<Schema>,
  entity: string,
  uses: readonly Use[],
): Promise<void> {
  const found: string[] = []
  for (const { what, table, column, id } of uses) {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from ${sql.table(table)} where ${sql.ref(column)} = ${id}`.execute(transaction)
    const count = rows[0]?.count ?? 0
    if (count > 0) found.push(`${count} ${what}`)
  }
  if (found.length > 0) {
    throw new Refusal('in-use', `The ${entity} still has ${found.join(', ')}; remove them first.`)
  }
}
