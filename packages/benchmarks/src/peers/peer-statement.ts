import { COPY_COLUMNS } from '../floors/copy-batch.ts'

/** Columns of the product's table that a peer fills, with their types; the same values as the product stores. */
const TYPES: Readonly<Record<(typeof COPY_COLUMNS)[number], string>> = {
  timestamp: 'timestamptz',
  id: 'uuid',
  measured_at: 'timestamptz',
  device_id: 'uuid',
  socket_id: 'uuid',
  data_json: 'jsonb',
  voltage: 'float8',
  current: 'float8',
  active_power: 'float8',
  power_factor: 'float8',
  frequency: 'float8',
  energy: 'float8',
  relay_on: 'boolean',
  extra: 'jsonb',
  measured_at_source: 'text',
  decoder: 'text',
  qos: 'smallint',
  retained: 'boolean',
}

const columns = COPY_COLUMNS.join(', ')

/** One row. */
export const INSERT_ONE = `insert into device_data_logs (${columns}) values (${COPY_COLUMNS.map((_, index) => `$${index + 1}`).join(', ')})`

/** Many rows, one array a column. */
export const INSERT_MANY = `insert into device_data_logs (${columns}) select * from unnest(${COPY_COLUMNS.map(
  (name, index) => `$${index + 1}::${TYPES[name]}[]`,
).join(', ')})`

/** For psycopg2's `execute_values`. */
export const INSERT_VALUES = `insert into device_data_logs (${columns}) values %s`
