import { type Kysely, sql } from 'kysely'

/** Payload configurations that sockets share, and replays of what was not decoded. */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
}

const STATEMENTS = [
  `create table payload_profiles (
    id uuid primary key,
    organization_id uuid not null references organizations,
    name text not null,
    description text,
    payload_config jsonb not null,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (organization_id, name)
  )`,
  // Finds the sockets that refer to a profile, by id or name; most refer to none.
  `create index sockets_profile on sockets ((payload_config ->> 'profile')) where payload_config ->> 'profile' is not null`,
  // `heartbeat_at` is written while it runs: one that stopped beating was interrupted.
  `create table replays (
    id uuid primary key,
    organization_id uuid not null,
    source text not null check (source in ('dead-letters', 'logs')),
    socket_id uuid,
    pdu_id uuid,
    from_at timestamptz not null,
    to_at timestamptz not null,
    dry_run boolean not null,
    state text not null check (state in ('running', 'done', 'interrupted', 'failed')),
    requested_by text not null,
    examined integer not null default 0,
    decoded integer not null default 0,
    stored integer not null default 0,
    skipped integer not null default 0,
    failed integer not null default 0,
    reasons jsonb not null default '{}',
    error text,
    created_at timestamptz not null default now(),
    heartbeat_at timestamptz not null default now(),
    finished_at timestamptz
  )`,
]
