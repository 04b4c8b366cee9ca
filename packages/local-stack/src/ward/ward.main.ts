import { readFileSync } from 'node:fs'
import { createApiClient } from './api-client.ts'
import { configureEstate } from './configure-estate.ts'
import { makeEstate } from './estate.ts'
import { publishReadings } from './publish-readings.ts'
import { READY_LINE } from './ready-line.ts'

// The simulated ward as a process: configures its estate through the REST API, then publishes like real PDUs.
const { API_URL = '', API_KEY_FILE = '', MQTT_URL = '', PDUS, SOCKETS_PER_PDU, INTERVAL_MS } = process.env
const report = (line: string) => process.stdout.write(`${new Date().toISOString()} ${line}\n`)

const estate = makeEstate(Number(PDUS), Number(SOCKETS_PER_PDU))
const broker = new URL(MQTT_URL)
await configureEstate(createApiClient(API_URL, readFileSync(API_KEY_FILE, 'utf8').trim()), estate, {
  host: broker.hostname,
  port: Number(broker.port || 1883),
  username: broker.username ? decodeURIComponent(broker.username) : null,
  password: broker.password ? decodeURIComponent(broker.password) : null,
})
report('the estate is configured')
await publishReadings({ brokerUrl: MQTT_URL, estate, interval: Number(INTERVAL_MS), now: Date.now, report })
report(READY_LINE)
