import { type Kysely, sql } from 'kysely'

/**
 * What a socket consumed while one device gave way to another, which is no device's; and since when history is kept, which
 * partitions do not tell: a device whose clock is years behind makes old ones anew.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
}

const STATEMENTS = [
  ...['1m', '1h', '1d'].map(
    (width) => `alter table telemetry_rollups_${width} add column energy_handover double precision`,
  ),
  `create table kept_history (
    table_name text primary key,
    since timestamptz not null
  )`,
]
