import { type Kysely, sql } from 'kysely'

/**
 * Rollups of one minute, hour and day, what still has to be rolled up, and one index of the readings instead of two. The
 * measurements are listed here as they were when this migration was written; a later one adds its own columns.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(database)
}

const MEASUREMENTS = [
  'voltage',
  'current',
  'active_power',
  'apparent_power',
  'reactive_power',
  'power_factor',
  'frequency',
  'energy',
  'temperature',
]
const each = (column: (name: string) => string) => MEASUREMENTS.map(column).join(',\n    ')

// Eight-byte columns first, then the rest by falling alignment: no padding, 36 bytes less in a full row.
const ROLLUP_COLUMNS = `
    bucket timestamptz not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    ${each((name) => ['min', 'max', 'sum', 'last'].map((part) => `${name}_${part} double precision`).join(', '))},
    energy_first double precision,
    energy_delta double precision,
    socket_id uuid not null,
    device_id uuid,
    readings integer not null,
    ${each((name) => `${name}_count integer not null default 0`)},
    relay_on_count integer not null default 0,
    relay_on_true integer not null default 0,
    relay_on_last boolean`

const rollupTable = (name: string, partitioning: string) => [
  `create table ${name} (${ROLLUP_COLUMNS}\n  )${partitioning}`,
  // Socket first: questions are about a socket and a range of time.
  `create unique index ${name}_key on ${name} (socket_id, bucket, device_id) nulls not distinct`,
]

const STATEMENTS = [
  // Inserts pay for every index. A device's history is that of the sockets it was on (`socket_assignments`), and the time
  // axis of history is `measured_at`; on an existing database both statements reach every partition.
  `drop index device_data_logs_device, device_data_logs_socket`,
  `create index device_data_logs_socket on device_data_logs (socket_id, measured_at, id)`,

  // Partitions by month and by year, made by the writer like those of the readings; a day row is kept for ever.
  ...rollupTable('telemetry_rollups_1m', ' partition by range (bucket)'),
  ...rollupTable('telemetry_rollups_1h', ' partition by range (bucket)'),
  // The rows of the open day are updated every minute: room for their new versions beside them.
  ...rollupTable('telemetry_rollups_1d', ' with (fillfactor = 50)'),

  // Append-only, one row for each minute that a batch touched: writers never wait for each other here. Vacuumed by
  // count, since as many rows are deleted as inserted.
  `create table rollup_pending (
    bucket timestamptz not null,
    recorded_at timestamptz not null default now(),
    received_from timestamptz not null default '-infinity',
    id bigint generated always as identity,
    socket_ids uuid[] not null,
    primary key (bucket, id)
  ) with (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 10000
  )`,
  // Random bytes do not get smaller; trying costs CPU in every batch.
  `alter table rollup_pending alter column socket_ids set storage external`,

  // Finds what retention deletes.
  `create index socket_connection_events_at on socket_connection_events (at)`,
]
