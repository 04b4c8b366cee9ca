import type pg from 'pg'
import { MARK } from './attached-partitions.ts'

/**
 * Takes a partition out of its table without holding inserts or queries up, then drops it. CONCURRENTLY takes SHARE
 * UPDATE EXCLUSIVE on the parent only for moments and waits, without a lock, for transactions that may still read the
 * partition; the plain form takes ACCESS EXCLUSIVE, behind which every insert would queue. Must run outside a transaction.
 */
export async function dropPartition(client: pg.ClientBase, table: string, name: string): Promise<void> {
  await client.query(`comment on table ${name} is '${MARK}'`)
  await client.query(`alter table ${table} detach partition ${name} concurrently`)
  await client.query(`drop table ${name}`)
}

/** Completes a {@link dropPartition} that was cut short between the two halves of detaching. */
export async function finishDropping(client: pg.ClientBase, table: string, name: string): Promise<void> {
  await client.query(`alter table ${table} detach partition ${name} finalize`)
  await client.query(`drop table ${name}`)
}

const DETACHED = `
  select c.oid::regclass::text as name from pg_class c
  where c.relkind = 'r' and not c.relispartition and c.relname like any($1) and obj_description(c.oid, 'pg_class') = '${MARK}'`

/** Drops what was cut short between detaching and dropping; `tables` are the parents. */
export async function dropDetached(client: pg.ClientBase, tables: readonly string[]): Promise<string[]> {
  const patterns = tables.map((table) => `${table.replaceAll('_', '\\_')}\\_%`)
  const { rows } = await client.query<{ name: string }>(DETACHED, [patterns])
  for (const { name } of rows) await client.query(`drop table ${name}`)
  return rows.map(({ name }) => name)
}
