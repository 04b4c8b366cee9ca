import { MEASUREMENT_NAMES, type MeasurementName } from '@iomt/contracts/measurements'
import { invalidField } from '../changes/refusal.ts'

const KNOWN: ReadonlySet<string> = new Set(MEASUREMENT_NAMES)

/**
 * Reads `measurements=active_power,voltage`; in the order of the contract, each once, null when the parameter is absent.
 * @throws Refusal naming what is no measurement.
 */
export function readMeasurementList(text: string | undefined): readonly MeasurementName[] | null {
  if (text === undefined) return null
  const given = new Set(text.split(',').map((name) => name.trim()))
  const unknown = [...given].find((name) => !KNOWN.has(name))
  if (unknown !== undefined) {
    const problem = unknown === '' ? 'holds an empty name' : `names no measurement: ${unknown}`
    throw invalidField('/measurements', `${problem}; known are ${MEASUREMENT_NAMES.join(', ')}`)
  }
  return MEASUREMENT_NAMES.filter((name) => given.has(name))
}
