import { isUtf8 } from 'node:buffer'
import type { Rejection } from './decoded-payload.ts'

/** Deepest nesting accepted; real payloads have at most 6 levels (Sparkplug and Modbus gateways included). */
export const MAX_DEPTH = 32

/** Most object members and array elements in one payload. */
export const MAX_FIELDS = 2_000

/** Keys that could reach a prototype when somebody merges the object; no device has them. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

/** A field takes at least two characters, so a shorter text has no more than {@link MAX_FIELDS}. */
const HARMLESS_LENGTH = 2 * MAX_FIELDS

/** A text without these has no forbidden key and no escape, which is the only way to write NUL or half a surrogate pair. */
const NEEDS_INSPECTION = /\\|__proto__|constructor|prototype/

export type ParsedJson =
  /** `text`: the payload (NaN and infinities as null), which is JSON that Postgres and every parser take. */
  | { readonly ok: true; readonly value: unknown; readonly text: string }
  | { readonly ok: false; readonly rejection: Rejection }

const rejected = (reason: Rejection['reason'], detail: string): ParsedJson => ({
  ok: false,
  rejection: { reason, detail },
})

/**
 * Parses hostile bytes as JSON, accepting only what every later stage can keep: UTF-8, bounded depth and size, finite
 * numbers, no NUL (Postgres `jsonb` refuses `\u0000`) and no lone surrogate (it refuses those too).
 */
export function parseSafeJson(payload: Uint8Array): ParsedJson {
  if (payload.length === 0) return rejected('payload-empty', 'the payload is empty')
  if (!isUtf8(payload)) return rejected('invalid-utf8', 'the payload is not valid UTF-8')
  // Parsing 100 KB of opening brackets takes as long as 10,000 messages.
  if (payload.length > HARMLESS_LENGTH) {
    const rejection = inspectNesting(payload)
    if (rejection) return { ok: false, rejection }
  }
  let text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const repaired = withNullForNan(text)
    value = repaired === text ? undefined : parsed(repaired)
    if (value === undefined) return rejected('invalid-json', error instanceof Error ? error.message : 'not JSON')
    text = repaired
  }
  const harmless =
    text.length <= HARMLESS_LENGTH && !NEEDS_INSPECTION.test(text) && isShallowAndFinite(value, MAX_DEPTH)
  if (harmless) return { ok: true, value, text }
  const rejection = inspectNesting(payload) ?? inspect(value, '', { fields: 0 })
  return rejection ? { ok: false, rejection } : { ok: true, value, text }
}

/** What Python's `json` and C's `printf` write for a value that is none; a string is passed over whole. */
const STRING_OR_NAN = /"(?:[^"\\]|\\[\s\S])*"?|-?(?:NaN|nan|Infinity|inf)(?![\w.])/g

/** An absence is no error: `{"voltage":NaN}` is read, and kept, as `{"voltage":null}`. */
function withNullForNan(text: string): string {
  return text.replace(STRING_OR_NAN, (found) => (found.startsWith('"') ? found : 'null'))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isShallowAndFinite(value: unknown, levels: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  for (const key in value) {
    if (!isShallowAndFinite((value as Record<string, unknown>)[key], levels - 1)) return false
  }
  return true
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** From the bytes, since `inspect` recurses. */
function inspectNesting(payload: Uint8Array): Rejection | null {
  const tooDeepAt = nestingExceededAt(payload)
  if (tooDeepAt < 0) return null
  return { reason: 'too-deep', detail: `more than ${MAX_DEPTH} levels of nesting at byte ${tooDeepAt}` }
}

function nestingExceededAt(payload: Uint8Array): number {
  let depth = 0
  let inString = false
  for (let index = 0; index < payload.length; index += 1) {
    const byte = payload[index]
    if (inString) {
      if (byte === BACKSLASH) index += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) {
      inString = true
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > MAX_DEPTH) return index
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1
    }
  }
  return -1
}

function inspect(value: unknown, pointer: string, count: { fields: number }): Rejection | null {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return null
    return { reason: 'number-out-of-range', detail: `the number at ${pointer || 'the root'} exceeds 1.8e308` }
  }
  if (typeof value === 'string') return inspectText(value, pointer)
  if (typeof value !== 'object' || value === null) return null
  for (const key of Object.keys(value)) {
    count.fields += 1
    if (count.fields > MAX_FIELDS) {
      return { reason: 'too-many-fields', detail: `more than ${MAX_FIELDS} fields` }
    }
    if (FORBIDDEN_KEYS.has(key)) {
      return {
        reason: 'forbidden-key',
        detail: `the key ${JSON.stringify(key)} in ${pointer || 'the root'} is not accepted`,
      }
    }
    const inKey = Array.isArray(value) ? null : inspectText(key, pointer)
    if (inKey) return inKey
    const found = inspect((value as Record<string, unknown>)[key], `${pointer}/${key}`, count)
    if (found) return found
  }
  return null
}

function inspectText(text: string, pointer: string): Rejection | null {
  if (text.includes('\u0000')) {
    return {
      reason: 'nul-character',
      detail: `the text at ${pointer || 'the root'} holds \\u0000, which Postgres cannot store`,
    }
  }
  if (!text.isWellFormed()) {
    return { reason: 'invalid-utf8', detail: `the text at ${pointer || 'the root'} holds half of a surrogate pair` }
  }
  return null
}
