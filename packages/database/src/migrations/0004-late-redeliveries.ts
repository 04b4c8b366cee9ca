import { type Kysely, sql } from 'kysely'

/**
 * Deliveries that were stored from a late redelivery, since their original was not there: it may still be on its way. When it
 * comes, its id is noted.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
}

const STATEMENTS = [
  `create table late_redeliveries (
    socket_id uuid not null,
    delivery text not null,
    received_at timestamptz not null,
    original uuid,
    stored_at timestamptz not null default now(),
    primary key (socket_id, delivery)
  )`,
  `create index late_redeliveries_received on late_redeliveries (socket_id, received_at)`,
]
