import type { SparkplugBirths } from './sparkplug/births.ts'
import type { ElectricalLimits } from './specifications.ts'

export type JsonObject = { readonly [key: string]: unknown }

/** A message as decoders see it: its bytes, and what they are. */
export interface Message {
  readonly kind: 'object' | 'array' | 'value' | 'text' | 'binary'
  /** The parsed JSON for `object`, else empty. */
  readonly object: JsonObject
  /** The parsed JSON for `object`, `array` and `value` (number, boolean, null, JSON string), the text for `text`. */
  readonly value: unknown
  /** The payload as text; empty for `binary`. */
  readonly text: string
  readonly payload: Uint8Array
  readonly topic: string
  /** Below the socket's own topic, for sockets with `subtree`; else null. */
  readonly relativeTopic: string | null
  readonly receivedAt: Date
}

/** What a decoder knows of the socket. */
export interface Scope {
  /** IANA zone for clocks that name none. */
  readonly timezone: string
  /** The outlet that is this socket's; null: not set. */
  readonly channel: string | null
  readonly limits: ElectricalLimits
  readonly memory: DecoderMemory
}

/** What a socket's messages have taught; it outlives a change of the socket's configuration. */
export interface DecoderMemory {
  /** Outlets seen so far: a message about a single one of several needs a `channel`. */
  readonly outlets: Set<string>
  /** Decoder of the last reading: partial messages of some vendors do not say whose they are. */
  family: string | null
  readonly births: SparkplugBirths
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const NONE: JsonObject = {}

/** The object at a key, or an empty one. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = parent[key]
  return isObject(value) ? value : NONE
}

/** The elements of an array that are objects. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A name, a number or an id as text; null for anything else, which has no text that could be trusted. */
export function labelOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.slice(0, 100) : null
}

/** The last levels of a topic, in lower case and without empty ones. */
export function levelsOf(topic: string): readonly string[] {
  return topic
    .slice(-512)
    .split('/')
    .filter((level) => level !== '')
}
