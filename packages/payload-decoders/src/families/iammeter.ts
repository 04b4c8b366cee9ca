import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import { type Draft, newDraft, type Outcome, putInto } from '../draft.ts'
import type { Family } from '../family.ts'
import type { Message, Scope } from '../message.ts'
import { readNumber } from '../numbers.ts'
import { addTotals, PHASE_NAMES, phaseOfDraft } from '../phases.ts'
import { rounded } from '../units.ts'

/** By place in a row: V, A, W, imported kWh, exported kWh, Hz, power factor. */
const COLUMNS: ReadonlyArray<NumericMeasurement | null> = [
  'voltage',
  'current',
  'active_power',
  'energy',
  null,
  'frequency',
  'power_factor',
]
const EXPORTED = 4

/** IAMMETER: rows of numbers, one for a single-phase meter (`Data`), three for a three-phase one (`Datas`). */
export const iammeter: Family = {
  name: 'iammeter',
  version: 1,
  recognisedBy: 'Data or Datas with rows of numbers beside SN or mac',

  read(message: Message, _scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { Data, Datas, data, SN, mac, sn } = message.object
    if (SN === undefined && sn === undefined && mac === undefined) return null
    const rows = rowsOf(Datas ?? Data ?? data)
    if (rows === null) return null
    const draft = newDraft(true)
    if (rows.length === 1) readRow(draft, draft.measurements, rows[0] ?? [])
    else {
      for (const [index, row] of rows.entries()) readRow(draft, phaseOfDraft(draft, PHASE_NAMES[index] ?? 'l1'), row)
      addTotals(draft)
    }
    let exported = 0
    for (const row of rows) exported += readNumber(row[EXPORTED]) ?? Number.NaN
    if (Number.isFinite(exported)) draft.extra['energy_export'] = rounded(exported)
    return draft
  },
}

function rowsOf(value: unknown): ReadonlyArray<readonly unknown[]> | null {
  if (!Array.isArray(value)) return null
  const rows: unknown[] = Array.isArray(value[0]) ? value : [value]
  const fitting = rows.every(
    (row) =>
      Array.isArray(row) &&
      row.length >= 3 &&
      row.length <= 12 &&
      row.every((one) => typeof one !== 'object' || one === null),
  )
  return fitting && (rows.length === 1 || rows.length === 3) ? (rows as ReadonlyArray<readonly unknown[]>) : null
}

function readRow(draft: Draft, target: Measurements, row: readonly unknown[]): void {
  for (const [index, name] of COLUMNS.entries()) {
    if (name !== null) putInto(target, draft, name, row[index])
  }
}
