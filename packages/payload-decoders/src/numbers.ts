import { type Unit, unitOf } from './units.ts'

/** Words that devices write where they have no value: an absence, neither zero nor an error. */
const ABSENCES = new Set([
  '',
  'nan',
  '-nan',
  'null',
  'none',
  'undefined',
  'unavailable',
  'unknown',
  'n/a',
  'na',
  '-',
  '--',
  '---',
  'inf',
  '-inf',
  'infinity',
  '-infinity',
])

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i
/** `1,5` and `-0,25`: a comma is a decimal sign when it cannot group thousands. */
const DECIMAL_COMMA = /^[+-]?\d+,(?:\d{1,2}|\d{4,})$/
/** `0,125`: no number is grouped after a leading zero. */
const DECIMAL_COMMA_AFTER_ZERO = /^[+-]?0,\d+$/
/** `1.234,5` and `1,234.5`: the sign that comes last is the decimal one. */
const GROUPED_POINTS = /^[+-]?\d{1,3}(?:\.\d{3})+,\d+$/
const GROUPED_COMMAS = /^[+-]?\d{1,3}(?:,\d{3})+\.\d+$/
const WITH_UNIT = /^([+-]?[\d.,]+(?:e[+-]?\d{1,3})?)\s*([^\s\d.,+-][^\s\d]{0,14})$/i

/** Longest text that is looked at as a number. */
const MAX_LENGTH = 64

/** True for a word that says that there is no value. */
export function isAbsence(text: string): boolean {
  return text.length < 16 && ABSENCES.has(text.trim().toLowerCase())
}

/** A number; null for an absence; undefined for what is neither. */
export function readNumber(value: unknown): number | null | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (value === null) return null
  return typeof value === 'string' ? numberOfText(value) : undefined
}

/** The same for text; a comma is a decimal sign only where it can be nothing else: `1,234` is undefined. */
export function numberOfText(text: string): number | null | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const trimmed = text.trim()
  if (NUMBER.test(trimmed)) return finite(Number(trimmed))
  if (isAbsence(trimmed)) return null
  if (DECIMAL_COMMA.test(trimmed) || DECIMAL_COMMA_AFTER_ZERO.test(trimmed)) {
    return finite(Number(trimmed.replace(',', '.')))
  }
  if (GROUPED_POINTS.test(trimmed)) return finite(Number(trimmed.replaceAll('.', '').replace(',', '.')))
  if (GROUPED_COMMAS.test(trimmed)) return finite(Number(trimmed.replaceAll(',', '')))
  return undefined
}

/** `230.1 V`: a number with a unit behind it; undefined for anything else, also for an unknown unit. */
export function quantityOfText(text: string): { readonly value: number; readonly unit: Unit } | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const match = WITH_UNIT.exec(text.trim())
  if (!match) return undefined
  const unit = unitOf(match[2] as string)
  const value = numberOfText(match[1] as string)
  return unit && typeof value === 'number' ? { value, unit } : undefined
}

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined)

/** On or off in the words of devices; null for anything else. Numbers other than 0 and 1 are no state of a switch. */
export function readSwitch(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === 0) return value === 1
  return typeof value === 'string' ? (switchWord(value) ?? (value === '1' ? true : value === '0' ? false : null)) : null
}

/** Only words, so that a number is never taken for a switch. */
export function switchWord(text: string): boolean | null {
  if (text.length > 8) return null
  switch (text.trim().toLowerCase()) {
    case 'on':
    case 'true':
      return true
    case 'off':
    case 'false':
      return false
    default:
      return null
  }
}
