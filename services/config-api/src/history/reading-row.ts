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
const [ID, TIMESTAMP, MEASURED_AT, SOCKET_ID, DEVICE_ID, PHASES, EXTRA, QUALITY, RETAINED, QOS, DECODER, DATA_JSON] =
  COLUMNS.keys() as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]

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
    return name === 'quality' ? sql`to_json(l.quality) as quality` : sql.ref(`l.${name}`)
  })
  const first = COLUMNS.length
  const socketOf = (row: TextRow) => same.socketId ?? row[SOCKET_ID]
  const deviceOf = (row: TextRow) => same.deviceId ?? row[DEVICE_ID]
  const timesOf = (row: TextRow): [received: string, measured: string] => {
    const received = isoTime(row[TIMESTAMP] as string)
    return [received, row[MEASURED_AT] === row[TIMESTAMP] ? received : isoTime(row[MEASURED_AT] as string)]
  }

  return {
    columns: sql.join(columns),
    outer: sql.join(names.map((name) => sql.ref(`r.${name}`))),
    json(row) {
      const [received, measured] = timesOf(row)
      const device = deviceOf(row)
      return (
        `{"id":"${row[ID]}","timestamp":"${received}","measured_at":"${measured}","socket_id":"${socketOf(row)}",` +
        `"device_id":${device === null ? 'null' : `"${device}"`},` +
        `"measurements":${measurementsJson(row, first, measurements)},"phases":${row[PHASES] ?? 'null'},` +
        `"extra":${row[EXTRA] ?? 'null'},"quality":${row[QUALITY] ?? '[]'},` +
        `"retained":${booleanJson(row[RETAINED] ?? null)},"qos":${row[QOS]},"decoder":${JSON.stringify(row[DECODER])},` +
        `"data_json":${row[DATA_JSON]}}`
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
        ...[row[PHASES], row[EXTRA], row[QUALITY], row[RETAINED] === 't', Number(row[QOS]), row[DECODER]],
        ...[row[ID], row[DATA_JSON]],
      ])
    },
  }
}

/** Where a row stands in the order of readings. */
export function placeOf(row: TextRow): { measured: string; id: string } {
  return { measured: row[MEASURED_AT] as string, id: row[ID] as string }
}

/** A number, so that a minus sign is not taken for the beginning of a formula. */
function cellOf(name: MeasurementName, value: string | null): number | boolean | null {
  if (value === null) return null
  return name === 'relay_on' ? value === 't' : Number(value)
}
