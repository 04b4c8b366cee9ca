import type { MeasurementName } from '@iomt/contracts/measurements'
import type { Aggregate } from '@iomt/contracts/rest/telemetry-history'
import { booleanJson, isNumberText } from '../readings/row-json.ts'
import type { TextRow } from '../readings/text-rows.ts'
import type { AggregatePlan } from './aggregate-plan.ts'
import { csvLine } from './csv.ts'
import { isGauge } from './points-query.ts'

/** A point as it was read. */
export interface Point {
  /** The columns of `pointsQuery`. */
  readonly row: TextRow
  /** kWh; null: unknown, or not asked for. */
  readonly consumed: number | null
}

/** Writes points of a plan; a `TelemetryPoint` in JSON. */
export interface PointWriter {
  json(point: Point): string
  csvHead(): string
  csv(point: Point): string
}

interface PlannedValue {
  readonly measurement: MeasurementName
  readonly aggregate: Aggregate
  /** Where it is in a row; null: it is the consumption. */
  readonly column: number | null
}

/** Columns before the values. */
const VALUES = 4
/** The others are values that were measured, and stay as they are. */
const COMPUTED: ReadonlySet<Aggregate> = new Set(['avg', 'sum', 'delta'])

/** To a millionth: beyond it are only the traces of adding binary fractions. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

export function createPointWriter(plan: AggregatePlan): PointWriter {
  let column = VALUES
  const planned = plan.map(({ measurement, aggregates }) => ({
    measurement,
    values: aggregates.map((aggregate): PlannedValue => {
      const gauge = isGauge(aggregate)
      return { measurement, aggregate, column: gauge ? column++ : null }
    }),
  }))
  const allValues = planned.flatMap(({ values }) => values)

  return {
    json(point) {
      let measurements = ''
      for (const { measurement, values } of planned) {
        let text = ''
        for (const value of values) {
          const cell = cellOf(value, point)
          if (cell !== null) text += `${text === '' ? '' : ','}"${value.aggregate}":${cell}`
        }
        if (text === '') continue
        measurements += `${measurements === '' ? '' : ','}"${measurement}":{${text}}`
      }
      const [at, socket, sockets, readings] = point.row
      return (
        `{"timestamp":"${timeOf(at)}","socket_id":${socket === null ? 'null' : `"${socket}"`},"sockets":${sockets},` +
        `"readings":${readings},"measurements":{${measurements}}}`
      )
    },
    csvHead() {
      const values = allValues.map(({ measurement, aggregate }) => `${measurement}_${aggregate}`)
      return csvLine(['timestamp', 'socket_id', 'sockets', 'readings', ...values])
    },
    csv(point) {
      const [at, socket, sockets, readings] = point.row
      const values = allValues.map((value) => {
        const cell = cellOf(value, point)
        // A minus sign is not the beginning of a formula.
        return cell === null || cell === 'true' || cell === 'false' ? cell : Number(cell)
      })
      return csvLine([timeOf(at), socket, Number(sockets), Number(readings), ...values])
    },
  }
}

function timeOf(milliseconds: string | null | undefined): string {
  return new Date(Number(milliseconds)).toISOString()
}

/** As JSON; null: none. */
function cellOf({ measurement, aggregate, column }: PlannedValue, { row, consumed }: Point): string | null {
  if (column === null) return consumed === null ? null : String(rounded(consumed))
  const text = row[column] ?? null
  if (text === null || !isNumberText(text)) return null
  if (measurement === 'relay_on' && aggregate === 'last') return booleanJson(text)
  return COMPUTED.has(aggregate) ? String(rounded(Number(text))) : text
}
