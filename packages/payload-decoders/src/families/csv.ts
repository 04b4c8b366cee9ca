import { doubt, newDraft, type Outcome } from '../draft.ts'
import type { Family } from '../family.ts'
import { assemble } from '../fields/assemble.ts'
import { findFields } from '../fields/find-fields.ts'
import type { Message, Scope } from '../message.ts'
import { isAbsence, numberOfText } from '../numbers.ts'

const LONGEST_TEXT = 8_192
const MOST_VALUES = 200
const PAIR = /^\s*([A-Za-z][A-Za-z0-9_ .-]{0,40}?)\s*[=:]\s*([^=:,;&]{1,40}?)\s*$/

/**
 * Values in a line (emonhub), which mean nothing without a mapping of the columns: they are kept in `extra.values`. A header line
 * or names (`voltage=230.1,current=0.4`) make them readable like any other named values.
 */
export const csv: Family = {
  name: 'csv',
  version: 1,
  recognisedBy: 'numbers with separators between them, with a header line or names in front or without',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'text' || message.text.length > LONGEST_TEXT) return null
    const lines = message.text.trim().split(/\r?\n/)
    const [first = '', second] = lines
    if (lines.length === 2 && second !== undefined) return readTable(first, second, message, scope)
    if (lines.length !== 1) return null
    return readPairs(first, message, scope) ?? readValues(first)
  },
}

function readTable(header: string, line: string, message: Message, scope: Scope): Outcome | null {
  const separator = [',', ';', '\t'].find((sign) => header.includes(sign))
  if (separator === undefined) return null
  const names = header.split(separator).map(unquoted)
  const values = line.split(separator).map(unquoted)
  if (names.length !== values.length || names.length > MOST_VALUES) return null
  return readNamed(names, values, message, scope)
}

function readPairs(line: string, message: Message, scope: Scope): Outcome | null {
  if (!/[=:]/.test(line)) return null
  const separator = [';', '&', ','].find((sign) => line.includes(sign)) ?? /\s+/
  const pairs = line.split(separator).map((part) => PAIR.exec(part))
  if (pairs.length > MOST_VALUES || pairs.includes(null)) return null
  const names = pairs.map((pair) => pair?.[1] ?? '')
  return readNamed(
    names,
    pairs.map((pair) => pair?.[2] ?? ''),
    message,
    scope,
  )
}

function readNamed(
  names: readonly string[],
  values: readonly string[],
  message: Message,
  scope: Scope,
): Outcome | null {
  const named = new Map(names.map((name, index) => [name, values[index]] as const))
  if (named.size !== names.length || named.has('__proto__')) return null
  const found = findFields(Object.fromEntries(named))
  return found.known === 0 ? null : assemble(found, message, scope)
}

function readValues(line: string): Outcome | null {
  const values = split(line)
  if (values === null) return null
  const read = values.map((value) => (isAbsence(value) ? null : (numberOfText(value) ?? value)))
  const texts = read.filter((value) => typeof value === 'string')
  // A sentence has commas, too; a line of values has mostly numbers.
  if (texts.length * 2 >= read.length || texts.some((text) => text.length > 40)) return null
  const draft = newDraft(false)
  draft.extra['values'] = read
  doubt(draft.quality, 'unmapped')
  return draft
}

/** The values of a line; null when it is none, or may be one number with a decimal comma. */
function split(line: string): readonly string[] | null {
  for (const separator of [';', '\t', ',']) {
    const parts = line.split(separator)
    if (parts.length < 2) continue
    const decimalComma = separator === ',' && parts.length === 2 && !line.includes('.')
    return decimalComma || parts.length > MOST_VALUES ? null : parts.map((part) => part.trim())
  }
  const parts = line.trim().split(/\s+/)
  return parts.length > 1 && parts.length <= MOST_VALUES ? parts : null
}

const unquoted = (text: string): string => text.trim().replace(/^"(.*)"$/, '$1')
