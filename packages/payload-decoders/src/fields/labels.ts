import type { PhaseName } from '../decoded-payload.ts'
import type { JsonObject } from '../message.ts'
import { wordsOfKey } from './key-words.ts'

/** Fields that say which outlet an object is about. */
export const OUTLET_KEYS = /^(?:channel|ch|outlet|socket|port|plug)(?:[_-]?(?:id|no|nr|number|index|num))?$/i

/** The same for elements of a list, where an id is one of the element. */
export const ELEMENT_KEYS = /^(?:id|index|idx|number|no|nr|name|label|device_?id|device|relay)$/i

export function outletOf(object: JsonObject, keys: RegExp): string | null {
  for (const key of Object.keys(object)) {
    if (!keys.test(key)) continue
    const value = object[key]
    if (typeof value === 'number' && Number.isInteger(value)) return String(value)
    if (typeof value === 'string' && value !== '' && value.length <= 64) return value
  }
  return null
}

/** `{"phase": "L1", …}`, `{"phase": 1, …}` */
export function phaseIn(object: JsonObject): PhaseName | null {
  const value = object['phase'] ?? object['Phase']
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const text = String(value)
  return phaseNamed(/^[1-3a-c]$/i.test(text) ? `phase${text}` : text)
}

export function phaseNamed(text: string): PhaseName | null {
  const words = wordsOfKey(text)
  const [word] = words
  if (words.length !== 1 || word?.kind !== 'phase') return null
  return word.phase === 'line' || word.phase === 'neutral' ? null : word.phase
}

/** `{"date": "2026-11-23", "time": "09:00:00"}` */
export function dayAndTimeOf(object: JsonObject): string | null {
  const day = object['date'] ?? object['Date']
  const time = object['time'] ?? object['Time']
  if (typeof day !== 'string' || typeof time !== 'string') return null
  return /^[\d./-]{8,10}$/.test(day) && /^\d\d?:\d\d/.test(time) ? `${day} ${time}` : null
}
