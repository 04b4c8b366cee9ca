import { compileSchema } from '@iomt/contracts/compile-schema'
import { TelemetryHistory } from '@iomt/contracts/rest/telemetry-history'
import { v7 as newId } from 'uuid'
import type { Body } from './api-client.ts'
import { create, createEstate, expectStatus } from './estate.ts'
import { type RunningConfigApi, startConfigApi } from './start-config-api.ts'
import { rollUp, type StoredReading, storeReadings } from './stored-readings.ts'

interface Ward {
  readonly organization: Body
  readonly department: Body
  readonly pdu: Body
  readonly first: Body
  readonly second: Body
  /** On neither of the sockets. */
  readonly device: Body
}

/** A config-api whose present can be set, and what a test of history needs around it. */
export interface HistoryFixture {
  readonly running: RunningConfigApi
  setNow(now: Date): void
  /** A PDU with two sockets, and a device. */
  ward(pduFields?: object): Promise<Ward>
  /** Puts a device on a socket between two times, as if that had been done then. */
  stay(deviceId: string, socketId: string, from: Date, to: Date | null): Promise<void>
  /** Stores readings, and rolls up what was measured before a time (default: now) and since another (default: ever). */
  store(readings: readonly StoredReading[], rolledUpUntil?: Date, rolledUpSince?: Date): Promise<void>
  get(path: string): Promise<Body>
  /** The same, checked against the schema of history. */
  history(path: string): Promise<Body>
}

export async function startHistoryFixture(now: Date): Promise<HistoryFixture> {
  let present = now
  const running = await startConfigApi({ overrides: { now: () => present } })
  const { api, migrated } = running
  const schema = compileSchema(TelemetryHistory)
  const get = async (path: string): Promise<Body> => expectStatus(200, await api.get(path)).body
  return {
    running,
    setNow(time) {
      present = time
    },
    async ward(pduFields = {}) {
      const estate = await createEstate(api, pduFields)
      const path = `/pdus/${estate.pdu.id}/sockets`
      const first = await create(api, path, { socket_number: 1 })
      const second = await create(api, path, { socket_number: 2 })
      const device = await create(api, '/devices', { organization_id: estate.organization.id, name: 'Pump' })
      return { ...estate, first, second, device }
    },
    async stay(deviceId, socketId, from, to) {
      const times = { assigned_at: from, unassigned_at: to }
      await migrated.database
        .insertInto('socket_assignments')
        .values({ id: newId(), device_id: deviceId, socket_id: socketId, ...times })
        .execute()
    },
    async store(readings, rolledUpUntil = present, rolledUpSince = new Date(0)) {
      await storeReadings(migrated.pool, readings)
      await rollUp(migrated.pool, rolledUpUntil, rolledUpSince)
    },
    get,
    async history(path) {
      const body = await get(path)
      const violations = schema.violations(body)
      if (violations.length > 0)
        throw new Error(`${path} answers what its schema forbids: ${JSON.stringify(violations)}`)
      return body
    },
  }
}
