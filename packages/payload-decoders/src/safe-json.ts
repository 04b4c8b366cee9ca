import { isUtf8 } from 'node:buffer'
import type { Rejection } from './decoded-payload.ts'

/** Deepest nesting accepted; real payloads have at most 6 levels (Sparkplug and Modbus gateways included). */
export const MAX_DEPTH = 32

/** Most object members and array elements in one payload. */
export const MAX_FIELDS = 2_000

/** A field takes at least two characters, so a shorter text has no more than {@link MAX_FIELDS}. */
const HARMLESS_LENGTH = 2 * MAX_FIELDS

/**
 * Without any of these a text has nothing that `inspect` looks for: escapes (the only way to write NUL or half a surrogate
 * pair), the forbidden keys, and numbers beyond e99 or of very many digits (199 of them and e99 still fit). Saves 1 µs of
 * 3 for a usual payload.
 */
const NEEDS_INSPECTION = /\\|__proto__|constructor|prototype|\d[eE]\+?\d{3}|\d{200}/

/** Keys that could reach a prototype when somebody merges the object; no device has them. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

export type ParsedJson =
  /** `text`: the payload, which is JSON that Postgres and every parser take. */
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
  // Before parsing: a parser's own recursion is not ours to bound.
  const tooDeepAt = nestingExceededAt(payload)
  if (tooDeepAt >= 0) return rejected('too-deep', `more than ${MAX_DEPTH} levels of nesting at byte ${tooDeepAt}`)
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return rejected('invalid-json', error instanceof Error ? error.message : 'not JSON')
  }
  if (text.length <= HARMLESS_LENGTH && !NEEDS_INSPECTION.test(text)) return { ok: true, value, text }
  const rejection = inspect(value, '', { fields: 0 })
  return rejection ? { ok: false, rejection } : { ok: true, value, text }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

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
