import { doubleOf, floatOf, readFields, textOf, WireError, type WireField } from './wire.ts'

/** A value of a metric: what it is in JavaScript, or a data set as its columns and rows. */
export type MetricValue = number | boolean | string | null | DataSet

export interface DataSet {
  readonly columns: readonly string[]
  readonly rows: ReadonlyArray<ReadonlyArray<number | boolean | string | null>>
}

export interface Metric {
  /** Null: only the alias is there. Metrics of templates have the names of their template in front. */
  readonly name: string | null
  readonly alias: number | null
  /** Milliseconds since 1970. */
  readonly timestamp: number | null
  readonly datatype: number | null
  readonly historical: boolean
  readonly isNull: boolean
  /** Not yet made signed where the datatype is: a DATA message may leave the datatype to the BIRTH. */
  readonly value: MetricValue
  readonly unit: string | null
}

export interface SparkplugPayload {
  readonly timestamp: number | null
  readonly metrics: readonly Metric[]
}

const MOST_METRICS = 2_000
const DEEPEST_TEMPLATE = 4
const MOST_ROWS = 200
const LONGEST_TEXT = 4_000
/** Names of the property that holds a metric's unit; the first is the one of Ignition. */
const UNIT_PROPERTIES = new Set(['engunit', 'unit', 'units', 'uom', 'engineeringunit', 'engineeringunits'])

/** Reads a Sparkplug B payload (Eclipse Sparkplug 3.0, section 6.4); throws {@link WireError} for anything else. */
export function readSparkplug(bytes: Uint8Array): SparkplugPayload {
  const metrics: Metric[] = []
  let timestamp: number | null = null
  for (const one of readFields(bytes)) {
    if (one.field === 1 && one.type === 0) timestamp = one.number
    else if (one.field === 2 && one.type === 2) readMetric(one.bytes, '', 0, metrics)
    else if (!((one.field === 3 && one.type === 0) || ((one.field === 4 || one.field === 5) && one.type === 2))) {
      throw new WireError(`field ${one.field} is none of a Sparkplug payload`)
    }
  }
  return { timestamp, metrics }
}

function readMetric(bytes: Uint8Array, prefix: string, depth: number, into: Metric[]): void {
  let name: string | null = null
  let alias: number | null = null
  let timestamp: number | null = null
  let datatype: number | null = null
  let historical = false
  let isNull = false
  let unit: string | null = null
  let value: MetricValue = null
  let template: Uint8Array | null = null
  for (const one of readFields(bytes)) {
    switch (one.field) {
      case 1:
        name = textOf(one.bytes).slice(0, 500)
        break
      case 2:
        alias = one.number
        break
      case 3:
        timestamp = one.number
        break
      case 4:
        datatype = one.number
        break
      case 5:
        historical = one.number !== 0
        break
      case 7:
        isNull = one.number !== 0
        break
      case 9:
        unit = unitOfProperties(one.bytes)
        break
      case 17:
        value = readDataSet(one.bytes)
        break
      case 18:
        template = one.bytes
        break
      default:
        value = scalarOf(one, 10) ?? value
    }
  }
  const fullName = name === null ? null : prefix + name
  if (template !== null && fullName !== null) {
    if (depth >= DEEPEST_TEMPLATE) throw new WireError('templates in templates')
    readTemplate(template, `${fullName}/`, depth + 1, into)
    return
  }
  if (into.length >= MOST_METRICS) throw new WireError(`more than ${MOST_METRICS} metrics`)
  into.push({ name: fullName, alias, timestamp, datatype, historical, isNull, value: isNull ? null : value, unit })
}

/** int, long, float, double, boolean and string have six field numbers in a row, from `first` on. */
function scalarOf(one: WireField, first: number): number | boolean | string | null {
  switch (one.field - first) {
    case 0:
    case 1:
      return one.type === 0 ? one.number : null
    case 2:
      return one.type === 5 ? finite(floatOf(one.bytes), 7) : null
    case 3:
      return one.type === 1 ? finite(doubleOf(one.bytes), 17) : null
    case 4:
      return one.type === 0 ? one.number !== 0 : null
    case 5:
      return one.type === 2 ? textOf(one.bytes).slice(0, LONGEST_TEXT) : null
    default:
      return null
  }
}

/** A float has seven digits: 230.1 is not 230.10000610351562. */
function finite(value: number, digits: number): number | null {
  if (!Number.isFinite(value)) return null
  return digits > 15 ? value : Number(value.toPrecision(digits))
}

/** The metrics of an instance; a definition has no values of its own. */
function readTemplate(bytes: Uint8Array, prefix: string, depth: number, into: Metric[]): void {
  const fields = [...readFields(bytes)]
  if (fields.some(({ field, number }) => field === 5 && number !== 0)) return
  for (const { field, bytes: content } of fields) if (field === 2) readMetric(content, prefix, depth, into)
}

function readDataSet(bytes: Uint8Array): DataSet {
  const columns: string[] = []
  const rows: Array<Array<number | boolean | string | null>> = []
  for (const { field, bytes: content, type } of readFields(bytes)) {
    if (field === 2 && type === 2) columns.push(textOf(content).slice(0, 200))
    else if (field === 4 && rows.length < MOST_ROWS) {
      const row: Array<number | boolean | string | null> = []
      for (const { field: element, bytes: valueBytes } of readFields(content)) {
        if (element === 1) row.push([...readFields(valueBytes)].map((one) => scalarOf(one, 1)).at(-1) ?? null)
      }
      rows.push(row)
    }
  }
  return { columns, rows }
}

/** A property set: a list of keys (field 1) and one of values (field 2), in the same order. */
function unitOfProperties(bytes: Uint8Array): string | null {
  const keys: string[] = []
  const values: unknown[] = []
  for (const { field, bytes: content } of readFields(bytes)) {
    if (field === 1) keys.push(textOf(content))
    else if (field === 2) values.push([...readFields(content)].map((one) => scalarOf(one, 3)).at(-1))
  }
  const at = keys.findIndex((key) => UNIT_PROPERTIES.has(key.toLowerCase().replace(/[^a-z]/g, '')))
  const unit = values[at]
  return typeof unit === 'string' && unit.length <= 20 ? unit : null
}

/** Int8 to Int32: negative numbers may travel as the unsigned ones of as many bits, or of 32. */
export function signed(value: MetricValue, datatype: number | null): MetricValue {
  if (typeof value !== 'number' || value < 0 || datatype === null || datatype < 1 || datatype > 3) return value
  if (value >= 2 ** 31 && value < 2 ** 32) return value - 2 ** 32
  const bits = 8 * 2 ** (datatype - 1)
  return value >= 2 ** (bits - 1) && value < 2 ** bits ? value - 2 ** bits : value
}
