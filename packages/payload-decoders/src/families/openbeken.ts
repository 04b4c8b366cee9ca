import { newDraft, type Outcome, put, putExtra } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { isObject, type Message, type Scope } from '../message.ts'
import { sensorObject } from './tasmota.ts'

/** Wh, where Tasmota has kWh. */
const WATT_HOURS = 1_000

/** OpenBeken: the form of Tasmota's SENSOR with counters of its own, in watt hours. */
export const openBeken: Family = {
  name: 'openbeken',
  version: 1,
  recognisedBy: 'an object ENERGY with ConsumptionTotal',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const root = sensorObject(message.object)
    const energy = root['ENERGY']
    if (!isObject(energy) || !('ConsumptionTotal' in energy)) return null
    const draft = newDraft(true)
    put(draft, 'voltage', energy['Voltage'])
    put(draft, 'current', energy['Current'])
    put(draft, 'active_power', energy['Power'])
    put(draft, 'apparent_power', energy['ApparentPower'])
    put(draft, 'reactive_power', energy['ReactivePower'])
    put(draft, 'power_factor', energy['Factor'])
    put(draft, 'frequency', energy['Frequency'])
    put(draft, 'energy', energy['ConsumptionTotal'], WATT_HOURS)
    putExtra(draft, 'energy_today', energy['ConsumptionToday'] ?? energy['Today'], WATT_HOURS)
    putExtra(draft, 'energy_yesterday', energy['ConsumptionYesterday'] ?? energy['Yesterday'], WATT_HOURS)
    putClock(draft, root['Time'], message, scope)
    return draft
  },
}
