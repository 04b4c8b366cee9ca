import type { MeasurementName } from '@iomt/contracts/measurements'
import { type RawBuilder, sql } from 'kysely'
import { booleanJson, isoTime, measurementsJson } from '../readings/row-json.ts'
import type { TextRow } from '../readings/text-rows.ts'
import { csvLine } from './csv.ts'

const COLUMNS = [
  'id',
  'timestamp',
  'measured_at',
  'socket_id',
  'device_id',
  'phases',
  'extra',
  'quality',
  'retained',
  'qos',
  'decoder',
  'data_json',
] as const
/** Where each of them is in a row. */
const AT = Object.fromEntries(COLUMNS.map((name, index) => [name, index])) as Record<(typeof COLUMNS)[number], number>

/** Columns that are not read as they are. */
const READ_AS: Readonly<Record<string, RawBuilder<unknown>>> = {
  quality: sql`to_json(l.quality) as quality`,
  // Of a device without a clock both are the same; 0.3 µs each for Postgres to write.
  timestamp: sql`nullif(l.timestamp, l.measured_at) as timestamp`,
}

/** Reads rows of `device_data_logs as l` with some measurements. */
export interface ReadingReader {
  /** What to select, each with its name. */
  readonly columns: RawBuilder<unknown>
  /** The same from a subquery `r`. */
  readonly outer: RawBuilder<unknown>
  /** A `DeviceReading`. */
  json(row: TextRow): string
  csvHead(): string
  csv(row: TextRow): string
}

/** Ids that are the same in every row are not asked for: 72 bytes a row that Postgres would write and we would read. */
export interface SameInAllRows {
  readonly socketId: string | null
  readonly deviceId: string | null
}

export function createReadingReader(measurements: readonly MeasurementName[], same: SameInAllRows): ReadingReader {
  const names = [...COLUMNS, ...measurements]
  const known: Record<string, string | null> = { socket_id: same.socketId, device_id: same.deviceId }
  const columns = names.map((name) => {
    if (known[name]) return sql`null as ${sql.ref(name)}`
    return READ_AS[name] ?? sql.ref(`l.${name}`)
  })
  const first = COLUMNS.length
  const socketOf = (row: TextRow) => same.socketId ?? row[AT.socket_id]
  const deviceOf = (row: TextRow) => same.deviceId ?? row[AT.device_id]
  const timesOf = (row: TextRow): [received: string, measured: string] => {
    const measured = isoTime(row[AT.measured_at] as string)
    const received = row[AT.timestamp] ?? null
    return [received === null ? measured : isoTime(received), measured]
  }

  return {
    columns: sql.join(columns),
    outer: sql.join(names.map((name) => sql.ref(`r.${name}`))),
    json(row) {
      const [received, measured] = timesOf(row)
      const device = deviceOf(row)
      return (
        `{"id":"${row[AT.id]}","timestamp":"${received}","measured_at":"${measured}","socket_id":"${socketOf(row)}",` +
        `"device_id":${device === null ? 'null' : `"${device}"`},` +
        `"measurements":${measurementsJson(row, first, measurements)},"phases":${row[AT.phases] ?? 'null'},` +
        `"extra":${row[AT.extra] ?? 'null'},"quality":${row[AT.quality] ?? '[]'},` +
        `"retained":${booleanJson(row[AT.retained] ?? null)},"qos":${row[AT.qos]},"decoder":${JSON.stringify(row[AT.decoder])},` +
        `"data_json":${row[AT.data_json]}}`
      )
    },
    csvHead: () =>
      csvLine([
        ...['measured_at', 'timestamp', 'socket_id', 'device_id', ...measurements],
        ...['phases', 'extra', 'quality', 'retained', 'qos', 'decoder', 'id', 'data_json'],
      ]),
    csv(row) {
      const [received, measured] = timesOf(row)
      return csvLine([
        ...[measured, received, socketOf(row), deviceOf(row)],
        ...measurements.map((name, index) => cellOf(name, row[first + index] ?? null)),
        ...[
          row[AT.phases],
          row[AT.extra],
          row[AT.quality],
          row[AT.retained] === 't',
          Number(row[AT.qos]),
          row[AT.decoder],
        ],
        ...[row[AT.id], row[AT.data_json]],
      ])
    },
  }
}

/** Where a row stands in the order of readings. */
export function placeOf(row: TextRow): { measured: string; id: string } {
  return { measured: row[AT.measured_at] as string, id: row[AT.id] as string }
}

/** A number, so that a minus sign is not taken for the beginning of a formula. */
function cellOf(name: MeasurementName, value: string | null): number | boolean | null {
  if (value === null) return null
  return name === 'relay_on' ? value === 't' : Number(value)
}
