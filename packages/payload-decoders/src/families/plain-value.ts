import type { NumericMeasurement } from '@iomt/contracts/measurements'
import { type Draft, doubt, ignored, newDraft, noteUnit, type Outcome } from '../draft.ts'
import type { Family } from '../family.ts'
import { type KeyMeaning, measurementIn } from '../fields/key-meaning.ts'
import { meaningOfTopic } from '../fields/topic-meaning.ts'
import type { Message, Scope } from '../message.ts'
import { isAbsence, quantityOfText, readNumber, readSwitch, switchWord } from '../numbers.ts'
import { chooseOutlet } from '../outlets.ts'
import { phaseOfDraft } from '../phases.ts'
import { toCanonical, type Unit, unitOf } from '../units.ts'

/** Systems whose topics are documented to carry kWh. */
const KILOWATT_HOURS = /(?:^|\/)zigbee2mqtt\//
/** NETIO's MQTT-flex publishes the variables of its JSON one by one: milliamperes and watt hours. */
const NETIO = /(?:^|[/_-])netio/i
const LONGEST_TEXT = 200

/**
 * One value a message: ESPHome, Home Assistant, Tasmota's POWER, Zigbee2MQTT's attribute mode and all the others that publish each
 * value on its own topic. The topic or a unit says what it is; without either it is nothing.
 */
export const plainValue: Family = {
  name: 'plain-value',
  version: 1,
  recognisedBy: 'a single number or word, on a topic that names a measurement, or with a unit behind it',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'text' && message.kind !== 'value') return null
    if (message.text.length > LONGEST_TEXT) return null
    return readValue(message.value, meaningOfMessage(message), message, scope, KILOWATT_HOURS.test(message.topic))
  },
}

/** What the topic says; of a topic below the socket's own only that part, since the rest is the socket's name. */
export const meaningOfMessage = ({ topic, relativeTopic }: Message): KeyMeaning =>
  meaningOfTopic(relativeTopic ?? topic)

/** A value whose topic has this meaning; null when nothing says what it is. Also for `{"value": …}` of Victron. */
export function readValue(
  value: unknown,
  meaning: KeyMeaning,
  message: Message,
  scope: Scope,
  kilowattHours: boolean,
): Outcome | null {
  const draft = newDraft(false)
  draft.partial = true
  const named = meaning.kind === 'measurement' || meaning.kind === 'extra' || isRelay(meaning)
  if (value === null || (typeof value === 'string' && isAbsence(value))) {
    return named || typeof value === 'string' ? draft : null
  }
  const label = meaning.outlet ?? (meaning.phase === null ? meaning.index : null)
  // On a topic of its own the outlet is chosen by subscribing; below the socket's topic there may be several.
  if (named && label !== null && message.relativeTopic !== null) {
    const chosen = chooseOutlet(scope, [label], false)
    if (typeof chosen !== 'number') return chosen
  }
  if (isRelay(meaning)) {
    const on = meaning.kind === 'relay' ? readSwitch(value) : typeof value === 'string' ? switchWord(value) : null
    if (on !== null) {
      draft.measurements.relay_on = on
      return draft
    }
  }
  const number = readNumber(value)
  const quantity = typeof value === 'string' && number === undefined ? quantityOfText(value) : undefined
  const amount = number ?? quantity?.value
  if (typeof amount !== 'number') return unreadable(value, meaning, message)
  if (meaning.kind === 'measurement' || meaning.kind === 'extra') {
    putAmount(
      draft,
      meaning,
      amount,
      quantity?.unit ?? meaning.unit ?? vendorUnit(meaning, message.topic),
      kilowattHours,
    )
    return draft
  }
  if (quantity && meaning.kind !== 'clock') {
    const measurement = measurementIn(null, quantity.unit, true)
    if (measurement === null) return null
    draft.measurements[measurement] = toCanonical(quantity.value, quantity.unit)
    noteUnit(draft, measurement)
    return draft
  }
  if (message.relativeTopic === null) return null
  if (meaning.kind === 'clock') return ignored('no-reading', 'a time without a measurement')
  draft.extra[message.relativeTopic] = amount
  return draft
}

const MILLIAMPERES = unitOf('mA')
const WATT_HOURS = unitOf('Wh')

function vendorUnit({ measurement }: KeyMeaning, topic: string): Unit | null {
  if ((measurement !== 'current' && measurement !== 'energy') || !NETIO.test(topic)) return null
  return measurement === 'current' ? MILLIAMPERES : WATT_HOURS
}

const isRelay = ({ kind }: KeyMeaning): boolean => kind === 'relay' || kind === 'weak-relay'

/** Words on a topic below the socket's: about the device, not what it measures. */
function unreadable(value: unknown, meaning: KeyMeaning, message: Message): Outcome | null {
  const word = typeof value === 'string' ? switchWord(value) : typeof value === 'boolean' ? value : null
  if (word !== null && meaning.kind === 'measurement' && meaning.measurement === 'active_power') {
    // Tasmota's `stat/…/POWER`.
    const draft = newDraft(true)
    draft.partial = true
    draft.measurements.relay_on = word
    return draft
  }
  return message.relativeTopic === null ? null : ignored('no-reading', `${message.relativeTopic} holds no number`)
}

function putAmount(draft: Draft, meaning: KeyMeaning, amount: number, unit: Unit | null, kilowattHours: boolean): void {
  const named = meaning.measurement as NumericMeasurement
  const measurement = unit === null ? named : measurementIn(named, unit, meaning.rank === 3)
  if (unit !== null && measurement !== null) noteUnit(draft, measurement)
  // Counters on plain topics come in Wh and in kWh, and no number tells which.
  const unclear =
    measurement === null || (unit === null && (meaning.needsUnit || (named === 'energy' && !kilowattHours)))
  if (unclear) {
    doubt(draft.quality, `unit-ambiguous:${named}`)
    draft.extra[meaning.name || named] = amount
    return
  }
  const value = unit === null ? amount : toCanonical(amount, unit)
  if (meaning.kind === 'extra') draft.extra[meaning.name] = value
  else if (meaning.phase === null) draft.measurements[measurement] = value
  else if (meaning.phase !== 'line' && meaning.phase !== 'neutral')
    phaseOfDraft(draft, meaning.phase)[measurement] = value
}
