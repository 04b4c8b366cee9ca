import { NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type pg from 'pg'
import { plainArray, textArray } from './array-literal.ts'
import type { Reading } from './reading.ts'

/** `device_data_logs` in the order of the parameters, each with the type its array is sent as. */
const COLUMNS: readonly (readonly [name: string, sentAs: string, storedAs?: string])[] = [
  ['timestamp', 'timestamptz'],
  ['id', 'uuid'],
  ['measured_at', 'timestamptz'],
  ['device_id', 'uuid'],
  ['socket_id', 'uuid'],
  ['data_json', 'text', 'jsonb'],
  ...NUMERIC_MEASUREMENTS.map((name) => [name, 'float8'] as const),
  ['relay_on', 'boolean'],
  ['phases', 'text', 'jsonb'],
  ['extra', 'text', 'jsonb'],
  // unnest flattens arrays of arrays, so each row's list travels as the text of its own literal.
  ['quality', 'text', 'text[]'],
  ['measured_at_source', 'text'],
  ['decoder', 'text'],
  ['qos', 'smallint'],
  ['retained', 'boolean'],
]

const names = COLUMNS.map(([name]) => name).join(', ')
const selected = COLUMNS.map(([name, , storedAs]) => (storedAs ? `r.${name}::${storedAs}` : `r.${name}`)).join(', ')
const arrays = COLUMNS.map(([, sentAs], index) => `$${index + 1}::${sentAs}[]`).join(', ')
const INSERT = `insert into device_data_logs (${names})
  select ${selected} from unnest(${arrays}) as r(${names})
  on conflict (timestamp, id) do nothing
  returning id`

/**
 * Inserts the readings that are not there yet and answers the ids of those it inserted. Rows go in by key, so that two
 * writers that got the same messages wait for each other instead of deadlocking.
 */
export async function insertReadings(client: pg.ClientBase, readings: readonly Reading[]): Promise<Set<string>> {
  const sorted = readings.toSorted(
    (left, right) => left.receivedAt - right.receivedAt || (left.message.id < right.message.id ? -1 : 1),
  )
  const result = await client.query<[string]>({ text: INSERT, values: columnsOf(sorted), rowMode: 'array' })
  return new Set(result.rows.map(([id]) => id))
}

/** One array literal a column, in the order of {@link COLUMNS}. */
function columnsOf(readings: readonly Reading[]): string[] {
  const size = readings.length
  const text = () => new Array<string | null>(size)
  const timestamp = text()
  const id = text()
  const measuredAt = text()
  const deviceId = text()
  const socketId = text()
  const dataJson = text()
  const numbers = NUMERIC_MEASUREMENTS.map(() => new Array<number | undefined>(size))
  const relayOn = new Array<boolean | undefined>(size)
  const phases = text()
  const extra = text()
  const quality = text()
  const source = text()
  const decoder = text()
  const qos = new Array<number>(size)
  const retained = new Array<boolean>(size)

  for (let row = 0; row < size; row += 1) {
    const { message } = readings[row] as Reading
    const { measurements } = message
    timestamp[row] = message.received_at
    id[row] = message.id
    measuredAt[row] = message.measured_at
    deviceId[row] = message.device_id
    socketId[row] = message.socket_id
    dataJson[row] = rawJson(message.raw)
    for (let column = 0; column < numbers.length; column += 1) {
      const values = numbers[column] as (number | undefined)[]
      values[row] = measurements[NUMERIC_MEASUREMENTS[column] as (typeof NUMERIC_MEASUREMENTS)[number]]
    }
    relayOn[row] = measurements.relay_on
    phases[row] = jsonOrNull(message.phases)
    extra[row] = jsonOrNull(message.extra)
    quality[row] = message.quality.length > 0 ? textArray(message.quality) : null
    source[row] = message.measured_at_source
    decoder[row] = message.decoder
    qos[row] = message.qos
    retained[row] = message.retained
  }
  return [
    ...[plainArray(timestamp), plainArray(id), plainArray(measuredAt), plainArray(deviceId), plainArray(socketId)],
    textArray(dataJson),
    ...numbers.map(plainArray),
    ...[plainArray(relayOn), textArray(phases), textArray(extra), textArray(quality)],
    ...[plainArray(source), textArray(decoder), plainArray(qos), plainArray(retained)],
  ]
}

/** The payload as jsonb takes it; an absent one is JSON's null. */
export function rawJson(raw: unknown): string {
  return JSON.stringify(raw) ?? 'null'
}

/** Null for an empty object: most readings carry nothing extra, and an empty object takes more room than no value. */
function jsonOrNull(record: Readonly<Record<string, unknown>> | undefined): string | null {
  if (record === undefined) return null
  for (const _key in record) return JSON.stringify(record)
  return null
}
