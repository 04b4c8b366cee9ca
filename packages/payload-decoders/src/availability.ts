import type { Message } from './message.ts'

const HERE: ReadonlySet<string> = new Set(['online'])
const GONE: ReadonlySet<string> = new Set(['offline', 'unavailable'])
/** On a topic that is about being there. */
const YES: ReadonlySet<string> = new Set(['true', '1', 'yes', 'connected', 'available', 'alive', 'up', 'on'])
const NO: ReadonlySet<string> = new Set(['false', '0', 'no', 'disconnected', 'dead', 'lost', 'down', 'off'])
const TOPIC = /(?:^|\/)(?:lwt|availability|available|online|connected|connection|alive|birth|will)$/i
const LONGEST = 60

/**
 * Whether a message is a device's availability or last will: online, offline and unavailable anywhere, other words only on a topic
 * that is about it (Tasmota `LWT`, Zigbee2MQTT `availability`, Shelly `online`). Null: it is not.
 */
export function availabilityOf(message: Message): boolean | null {
  if (message.kind === 'object') return availabilityOfObject(message)
  if (message.text.length > LONGEST || (message.kind !== 'text' && message.kind !== 'value')) return null
  const { value } = message
  const word = (typeof value === 'string' ? value : message.text).trim().toLowerCase()
  if (HERE.has(word)) return true
  if (GONE.has(word)) return false
  if (!TOPIC.test(message.topic)) return null
  return YES.has(word) ? true : NO.has(word) ? false : null
}

/** `{"state": "online"}` of Zigbee2MQTT, and objects like it that say nothing else. */
function availabilityOfObject({ object, text }: Message): boolean | null {
  if (text.length > LONGEST) return null
  const keys = Object.keys(object)
  const [key] = keys
  if (keys.length !== 1 || key === undefined) return null
  const value = object[key]
  if (/^(?:online|connected)$/i.test(key) && typeof value === 'boolean') return value
  if (typeof value !== 'string' || !/^(?:state|status|availability)$/i.test(key)) return null
  const word = value.toLowerCase()
  return HERE.has(word) ? true : GONE.has(word) ? false : null
}
