import type pg from 'pg'

/** What the readings take on disk, in bytes a row. */
export interface StorageResult {
  readonly rows: number
  readonly heap: number
  /** Each index by what it is on, such as `PRIMARY KEY (timestamp, id)`. */
  readonly indexes: Readonly<Record<string, number>>
  /** Heap, indexes and out-of-line values. */
  readonly total: number
  /** Average payload as JSON text. */
  readonly payload: number
}

/** Measures the partitions of `device_data_logs` that hold rows. */
export async function measureStorage(pool: pg.Pool): Promise<StorageResult> {
  const { rows: sizes } = await pool.query<{ rows: number; heap: number; total: number; payload: number }>(
    `select count(*)::float8 as rows, avg(octet_length(data_json::text))::float8 as payload,
       (select sum(pg_relation_size(inhrelid))::float8 from pg_inherits where inhparent = 'device_data_logs'::regclass
          and pg_relation_size(inhrelid) > 0) as heap,
       (select sum(pg_total_relation_size(inhrelid))::float8 from pg_inherits where inhparent = 'device_data_logs'::regclass
          and pg_relation_size(inhrelid) > 0) as total
     from device_data_logs`,
  )
  const { rows: indexes } = await pool.query<{ name: string; bytes: number }>(
    `select regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') as name,
       sum(pg_relation_size(i.indexrelid))::float8 as bytes
     from pg_inherits p join pg_index i on i.indrelid = p.inhrelid
     where p.inhparent = 'device_data_logs'::regclass and pg_relation_size(p.inhrelid) > 0
     group by 1 order by 1`,
  )
  const { rows = 0, heap = 0, total = 0, payload = 0 } = sizes[0] ?? {}
  return {
    rows,
    heap: heap / rows,
    indexes: Object.fromEntries(indexes.map(({ name, bytes }) => [name, bytes / rows])),
    total: total / rows,
    payload,
  }
}
