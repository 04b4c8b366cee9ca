import { MEASUREMENT_NAMES, type MeasurementName, NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type { MappedField, MappedTimestamp, PayloadMapping } from '@iomt/contracts/payload-mapping'
import { isTimeZone } from '../device-clock.ts'
import { type Draft, doubt, newDraft, type Outcome, type Rejected, rejected } from '../draft.ts'
import type { Message, Scope } from '../message.ts'
import { addTotals, PHASE_NAMES, phaseOfDraft } from '../phases.ts'
import { compileConverter, conversionProblems, type FieldConverter } from './compile-field.ts'
import { compilePointer, type PointerReader, pointerProblem } from './json-pointer.ts'
import { splitLine } from './split-line.ts'
import { compileTimestamp, formatProblem } from './timestamp-format.ts'

/** Decoder name of every mapping. */
export const MAPPING = 'mapping@1'

/** What is wrong with a mapping, by JSON Pointer into it. */
export interface MappingProblem {
  readonly pointer: string
  readonly detail: string
}

export interface MappedDecoder {
  read(message: Message, scope: Scope): Outcome
}

export type CompiledMapping =
  | { readonly ok: true; readonly decoder: MappedDecoder }
  | { readonly ok: false; readonly problems: readonly MappingProblem[] }

interface CompiledField {
  readonly place: string
  readonly read: PointerReader
  readonly convert: FieldConverter
  readonly store: (draft: Draft, value: number | boolean) => void
  /** For doubts. */
  readonly name: string
}

/**
 * Checks a mapping and makes its decoder, which is as fast as a built-in one: pointers, units and formats are worked out here, by
 * closures, never by code made from text.
 */
export function compileMapping(mapping: PayloadMapping): CompiledMapping {
  const problems: MappingProblem[] = []
  const fields: CompiledField[] = []
  const add = (
    field: MappedField,
    pointer: string,
    measurement: MeasurementName | null,
    name: string,
    store: CompiledField['store'],
  ) => {
    const own = [...placeProblems(field, mapping), ...conversionProblems(field, measurement)]
    for (const [part, detail] of own) problems.push({ pointer: part === '' ? pointer : `${pointer}/${part}`, detail })
    if (own.length > 0) return
    fields.push({
      place: placeOf(field),
      read: readerOf(field, mapping),
      convert: compileConverter(field, measurement),
      store,
      name,
    })
  }

  for (const name of MEASUREMENT_NAMES) {
    const field = mapping.measurements?.[name]
    if (field) {
      add(field, `/measurements/${name}`, name, name, (draft, value) => {
        draft.measurements[name] = value as never
      })
    }
  }
  for (const phase of PHASE_NAMES) {
    for (const name of NUMERIC_MEASUREMENTS) {
      const field = mapping.phases?.[phase]?.[name]
      if (field) {
        add(field, `/phases/${phase}/${name}`, name, name, (draft, value) => {
          phaseOfDraft(draft, phase)[name] = value as number
        })
      }
    }
  }
  for (const [name, field] of Object.entries(mapping.extra ?? {})) {
    const pointer = `/extra/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (name === '__proto__') problems.push({ pointer, detail: 'is not accepted as a name' })
    else {
      add(field, pointer, null, name, (draft, value) => {
        draft.extra[name] = value
      })
    }
  }
  const clock = mapping.timestamp && compileClock(mapping.timestamp, mapping, problems)
  if (fields.length === 0 && problems.length === 0) {
    problems.push({ pointer: '/measurements', detail: 'at least one field must be mapped' })
  }
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, decoder: { read: reader(mapping, fields, clock ?? null) } }
}

type Clock = (draft: Draft, root: unknown, message: Message, scope: Scope) => void

function compileClock(timestamp: MappedTimestamp, mapping: PayloadMapping, problems: MappingProblem[]): Clock | null {
  const before = problems.length
  const { format = 'auto', timezone } = timestamp
  for (const [part, detail] of placeProblems(timestamp, mapping)) {
    problems.push({ pointer: part === '' ? '/timestamp' : `/timestamp/${part}`, detail })
  }
  const wrong = formatProblem(format)
  if (wrong !== null) problems.push({ pointer: '/timestamp/format', detail: wrong })
  if (timezone !== undefined && !isTimeZone(timezone)) {
    problems.push({ pointer: '/timestamp/timezone', detail: `is not an IANA time zone: ${timezone}` })
  }
  if (problems.length > before) return null
  const place = readerOf(timestamp, mapping)
  const read = compileTimestamp(format)
  return (draft, root, message, scope) => {
    const clock = read(place(root), timezone ?? scope.timezone, message.receivedAt)
    if (clock.kind === 'time') draft.measuredAt = clock.at
    else if (clock.kind === 'invalid') doubt(draft.quality, 'clock-invalid')
  }
}

type Place = Pick<MappedField, 'pointer' | 'column'>

function placeProblems({ pointer, column }: Place, { source = 'json', csv }: PayloadMapping): Array<[string, string]> {
  switch (source) {
    case 'json': {
      if (column !== undefined) return [['column', 'is for source csv; JSON fields have a pointer']]
      if (pointer === undefined) return [['pointer', 'is missing']]
      const problem = pointerProblem(pointer)
      return problem === null ? [] : [['pointer', problem]]
    }
    case 'csv': {
      if (pointer !== undefined) return [['pointer', 'is for source json; CSV fields have a column']]
      if (column === undefined) return [['column', 'is missing']]
      if (typeof column === 'number') return []
      if (csv?.columns === undefined) return [['column', `is a name, and csv.columns has no names`]]
      return csv.columns.includes(column)
        ? []
        : [['column', `${column} is none of csv.columns: ${csv.columns.join(', ')}`]]
    }
    case 'text':
      return pointer === undefined && column === undefined
        ? []
        : [[pointer === undefined ? 'column' : 'pointer', 'has no meaning for source text: the payload is the value']]
    default:
      return source
  }
}

const placeOf = ({ pointer, column }: Place): string =>
  pointer ?? (column === undefined ? 'the payload' : `column ${column}`)

function readerOf({ pointer, column }: Place, { source = 'json', csv }: PayloadMapping): PointerReader {
  if (source === 'json') return compilePointer(pointer ?? '')
  if (source === 'text') return (root) => root
  const index = typeof column === 'number' ? column : (csv?.columns ?? []).indexOf(column ?? '')
  return (root) => (root as readonly string[])[index]?.trim()
}

function reader(mapping: PayloadMapping, fields: readonly CompiledField[], clock: Clock | null) {
  const { partial = false } = mapping
  const phases = Object.keys(mapping.phases ?? {}).length
  return (message: Message, scope: Scope): Outcome => {
    const place = rootOf(message, mapping)
    if ('outcome' in place) return place
    const { root } = place
    const draft = newDraft(true)
    draft.partial = partial
    let present = 0
    let values = 0
    for (const { read, convert, store, name } of fields) {
      const raw = read(root)
      if (raw === undefined) continue
      present += 1
      const value = convert(raw)
      if (value === undefined) doubt(draft.quality, `invalid:${name}`)
      else if (value !== null && (typeof value === 'boolean' || Number.isFinite(value))) {
        values += 1
        store(draft, value)
      }
    }
    if (present === 0) {
      const places = fields.slice(0, 5).map(({ place }) => place || 'the payload')
      return rejected('no-known-field', `none of the mapped fields is there (${places.join(', ')})`)
    }
    if (values === 0 && draft.quality.length > 0) {
      return rejected('invalid-value', `no mapped field has a usable value (${draft.quality.join(', ')})`)
    }
    if (clock !== null) clock(draft, root, message, scope)
    if (phases > 0) addTotals(draft, phases)
    return draft
  }
}

/** What the fields are looked for in. */
function rootOf(message: Message, { source = 'json', csv }: PayloadMapping): { readonly root: unknown } | Rejected {
  const { kind, value, text } = message
  if (source === 'json') {
    if (kind === 'object') return { root: message.object }
    if (kind === 'array' || kind === 'value') return { root: value }
    return rejected(
      'unsupported-payload',
      `the mapping is for JSON, and the payload is ${kind === 'text' ? 'text' : 'binary'}`,
    )
  }
  if (kind === 'binary')
    return rejected('unsupported-payload', `the mapping is for ${source}, and the payload is binary`)
  if (source === 'text') return { root: kind === 'value' ? value : text }
  const separator = csv?.separator ?? ','
  const lines = text.trim().split(/\r?\n/)
  const [first = ''] = lines
  const header =
    csv?.columns !== undefined &&
    splitLine(first, separator)
      .map((name) => name.trim())
      .join() === csv.columns.join()
  const rows = header ? lines.slice(1) : lines
  if (rows.length !== 1)
    return rejected('unsupported-payload', `the mapping is for one line of values, found ${rows.length}`)
  return { root: splitLine(rows[0] ?? '', separator) }
}
