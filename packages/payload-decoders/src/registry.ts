import { csv } from './families/csv.ts'
import { flatJson } from './families/flat-json.ts'
import { gude } from './families/gude.ts'
import { homeAssistant } from './families/home-assistant.ts'
import { iammeter } from './families/iammeter.ts'
import { kasa } from './families/kasa.ts'
import { meross } from './families/meross.ts'
import { milesight } from './families/milesight.ts'
import { mpower } from './families/mpower.ts'
import { nestedJson } from './families/nested-json.ts'
import { netio } from './families/netio.ts'
import { openBeken } from './families/openbeken.ts'
import { plainValue } from './families/plain-value.ts'
import { shellyGen1 } from './families/shelly-gen1.ts'
import { shellyRpc } from './families/shelly-rpc.ts'
import { sparkplugB } from './families/sparkplug-b.ts'
import { tasmota } from './families/tasmota.ts'
import { tuya } from './families/tuya.ts'
import { victron } from './families/victron.ts'
import { zigbee2mqtt } from './families/zigbee2mqtt.ts'
import type { Family } from './family.ts'

/**
 * Every decoder in the order in which `auto` asks them: vendors by their own marks first, then the general forms. A vendor's
 * message is nobody else's, so among vendors the order decides nothing.
 */
export const FAMILIES: readonly Family[] = [
  tasmota,
  openBeken,
  shellyRpc,
  shellyGen1,
  zigbee2mqtt,
  milesight,
  meross,
  kasa,
  tuya,
  netio,
  gude,
  mpower,
  iammeter,
  homeAssistant,
  sparkplugB,
  victron,
  flatJson,
  plainValue,
  nestedJson,
  csv,
]

/** Takes whatever the others have left, so having fitted once says nothing about the next message. */
export const LAST_RESORTS: ReadonlySet<Family> = new Set([nestedJson, csv, plainValue, victron])
