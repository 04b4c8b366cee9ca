import { newDraft, type Outcome, put, putExtra, putRelay } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { isObject, type JsonObject, type Message, objectAt, objectsIn, type Scope } from '../message.ts'
import { chooseOutlet } from '../outlets.ts'

const MILLI = 1_000

/** TP-Link Kasa and Tapo, through a bridge: the unit is in the key (`_mv`), or in firmware of old V, A, W and kWh. */
export const kasa: Family = {
  name: 'kasa',
  version: 1,
  recognisedBy: 'emeter.get_realtime, system.get_sysinfo, or Tapo’s get_energy_usage',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { object } = message
    const realtime = meterOf(object)
    const info = infoOf(object)
    const usage = usageOf(object)
    if (realtime === null && info === null && usage === null) return null
    const draft = newDraft(true)
    const children = objectsIn(info?.['children'])
    if (children.length > 1) {
      const chosen = chooseOutlet(
        scope,
        children.map((_, index) => String(index)),
        true,
      )
      if (typeof chosen !== 'number') return chosen
      putRelay(draft, children[chosen]?.['state'])
      return draft
    }
    if (realtime !== null && realtime['err_code'] !== undefined && realtime['err_code'] !== 0) {
      // The meter answered with an error: its values are none.
    } else if (realtime !== null) {
      put(draft, 'voltage', realtime['voltage_mv'], MILLI)
      put(draft, 'current', realtime['current_ma'], MILLI)
      put(draft, 'active_power', realtime['power_mw'], MILLI)
      put(draft, 'energy', realtime['total_wh'], MILLI)
      put(draft, 'voltage', realtime['voltage'])
      put(draft, 'current', realtime['current'])
      put(draft, 'active_power', realtime['power'])
      put(draft, 'energy', realtime['total'])
    }
    if (usage !== null) {
      put(draft, 'active_power', usage['current_power'], MILLI)
      putExtra(draft, 'energy_today', usage['today_energy'], MILLI)
      putExtra(draft, 'energy_month', usage['month_energy'], MILLI)
      putClock(draft, usage['local_time'], message, scope)
    }
    putRelay(draft, info?.['relay_state'] ?? info?.['device_on'])
    return draft
  },
}

function meterOf(object: JsonObject): JsonObject | null {
  const emeter = object['emeter']
  const realtime = isObject(emeter) ? emeter['get_realtime'] : (object['get_realtime'] ?? object['get_emeter_data'])
  return isObject(realtime) ? realtime : null
}

function infoOf(object: JsonObject): JsonObject | null {
  const info = objectAt(object, 'system')['get_sysinfo'] ?? object['get_sysinfo'] ?? object['get_device_info']
  return isObject(info) ? info : null
}

/** Tapo's `current_power` is in mW here, as `today_runtime` beside it tells; elsewhere in W. */
function usageOf(object: JsonObject): JsonObject | null {
  const inner = object['get_energy_usage'] ?? object['result'] ?? object
  return isObject(inner) && 'current_power' in inner && ('today_runtime' in inner || 'month_runtime' in inner)
    ? inner
    : null
}
