import { levelsOf } from '../message.ts'
import { type KeyMeaning, meaningOf, meaningOfEnd } from './key-meaning.ts'
import { isForeign, wordsOfKey } from './key-words.ts'
import type { Atom } from './vocabulary.ts'

/** Levels that only say that a value follows: `sensor/<id>/state`, `voltage/get`. */
const CARRIERS: ReadonlySet<string> = new Set(['state', 'get', 'value', 'status'])
/** ESPHome and Home Assistant: `<component>/<object id>/state`. */
const COMPONENTS: ReadonlySet<string> = new Set([
  'sensor',
  'switch',
  'number',
  'binary_sensor',
  'text_sensor',
  'outlet',
])

const NO_MAINS: ReadonlySet<string> = new Set(['dc', 'battery', 'batt'])

const LEVELS_KEPT = 512
const meanings = new Map<string, KeyMeaning>()

/** What the end of a topic says of a plain value: `…/sensor/sdm220_voltage/state`, `N/…/Ac/L1/Power`, `…/relay/1`. */
export function meaningOfTopic(topic: string): KeyMeaning {
  const known = meanings.get(topic)
  if (known !== undefined) return known
  const meaning = read(topic)
  if (meanings.size >= LEVELS_KEPT) meanings.clear()
  if (topic.length <= 256) meanings.set(topic, meaning)
  return meaning
}

function read(topic: string): KeyMeaning {
  const levels = levelsOf(topic).slice(-4)
  let last = levels.pop() ?? ''
  const component = levels.at(-2)
  if (CARRIERS.has(last.toLowerCase()) && levels.length > 0) {
    const object = levels.pop() as string
    // The state of `switch/<id>` is the relay's, whatever it is called.
    if (component === 'switch' || component === 'outlet') return meaningOf([{ kind: 'relay', strong: true }], [])
    if (component === 'binary_sensor' || component === 'text_sensor') return meaningOf([{ kind: 'unknown' }], [])
    if (component !== undefined && COMPONENTS.has(component)) levels.pop()
    else if (last.toLowerCase() === 'state' && isSwitched(topic, object)) return meaningOf(wordsOfKey(last), [])
    last = object
  }
  if ([last, ...levels.slice(-1)].some(isForeign) || levels.some((level) => NO_MAINS.has(level.toLowerCase())))
    return meaningOf([{ kind: 'unknown' }], [])
  const above = levels.slice(-2).flatMap((level): readonly Atom[] => {
    const words = wordsOfKey(level)
    return meaningOf(words, []).kind === 'unknown' ? [] : words
  })
  const words = wordsOfKey(last)
  const own = meaningOf(words, [])
  if (own.kind === 'part') return isPartOf(words, levels.at(-1) ?? '') ? meaningOf(words, above) : own
  if (own.kind !== 'unknown') return meaningOf(words, above)
  // The device's name is in front: `sdm220m_voltage`. What follows the last unknown word counts.
  return meaningOfEnd(words, above) ?? own
}

/** `zigbee2mqtt/<device>/state`, `…/socket1/state`: with on or off it is the relay's. */
function isSwitched(topic: string, device: string): boolean {
  return topic.includes('zigbee2mqtt/') || wordsOfKey(device).some(({ kind }) => kind === 'outlet' || kind === 'relay')
}

/**
 * `energy/forward`, `power/l1`, `relay/0`: the level above names the quantity. A socket below a topic that has `power` in its name
 * somewhere (`ward/power/socket1`) is not its power.
 */
function isPartOf(words: readonly Atom[], parent: string): boolean {
  if (words.some(({ kind }) => kind === 'outlet')) return false
  return words.every(({ kind }) => kind !== 'number') || meaningOf(wordsOfKey(parent), []).kind === 'relay'
}
