import { readFileSync } from 'node:fs'
import { parseBrokerUrl } from '../broker-address.ts'
import { createApiClient } from './api-client.ts'
import { configureEstate } from './configure-estate.ts'
import { makeEstate } from './estate.ts'
import { publishReadings } from './publish-readings.ts'
import { READY_LINE } from './ready-line.ts'

// The simulated ward as a process: configures its estate through the REST API, then publishes like real PDUs.
const { API_URL = '', API_KEY_FILE = '', MQTT_URL = '', PDUS, SOCKETS_PER_PDU, INTERVAL_MS } = process.env
const report = (line: string) => process.stdout.write(`${new Date().toISOString()} ${line}\n`)
/** Milliseconds between two lines that say how far it is. */
const TELL_EVERY = 5_000

const estate = makeEstate(Number(PDUS), Number(SOCKETS_PER_PDU))
const broker = parseBrokerUrl(MQTT_URL)
let configured = 0
let toldAt = Date.now()
await configureEstate(createApiClient(API_URL, readFileSync(API_KEY_FILE, 'utf8').trim()), estate, broker, () => {
  configured += 1
  // Its supervisor gives it up when it says nothing for a minute, and no line comes while no socket does.
  if (Date.now() - toldAt < TELL_EVERY) return
  toldAt = Date.now()
  report(`${configured} of ${Number(PDUS) * Number(SOCKETS_PER_PDU)} sockets are configured`)
})
report('the estate is configured')
await publishReadings({ brokerUrl: MQTT_URL, estate, interval: Number(INTERVAL_MS), now: Date.now, report })
report(READY_LINE)
