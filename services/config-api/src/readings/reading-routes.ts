import { DeviceReading, DeviceState, DeviceTelemetryQuery } from '@iomt/contracts/rest/device-readings'
import { DEFAULT_PAGE_SIZE, pageOf } from '@iomt/contracts/rest/page'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { invalidField, Refusal } from '../changes/refusal.ts'
import { deviceResource } from '../devices/device-resource.ts'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { decodeCursor, encodeCursor, UUID_PATTERN } from '../http/cursor.ts'
import { answers } from '../http/route-documentation.ts'
import { DeviceIdParameter } from '../mqtt-devices/mqtt-device-routes.ts'
import { requireResource } from '../resources/change-resource.ts'
import { measurementsOf } from './measurements-of-row.ts'

/** Since 1970, until 2286. Postgres keeps microseconds; a cursor in a Date's milliseconds would skip rows. */
const MICROSECONDS = /^\d{1,16}$/

/** Current state and history of a device, wherever it is or was plugged in. */
export function addReadingRoutes(app: App, database: Database): void {
  app.get(
    '/mqtt/devices/:deviceId/state',
    {
      schema: {
        tags: ['mqtt'],
        operationId: 'getDeviceState',
        summary: 'The newest known value of each measurement',
        params: DeviceIdParameter,
        response: answers({ 200: DeviceState }, 404),
      },
    },
    async (request) => {
      const device = await requireResource(database, deviceResource, request.params.deviceId, tenantOf(request))
      const row = await database
        .selectFrom('device_current_state')
        .selectAll()
        .where('device_id', '=', device.id)
        .executeTakeFirst()
      if (!row) throw new Refusal('no-state-yet', 'No reading of the device has been stored yet.')
      return {
        device_id: row.device_id,
        socket_id: row.socket_id,
        measured_at: row.measured_at.toISOString(),
        last_seen_at: row.last_seen_at.toISOString(),
        updated_at: row.updated_at.toISOString(),
        measurements: measurementsOf(row),
        phases: row.phases,
        extra: row.extra,
      }
    },
  )

  app.get(
    '/mqtt/devices/:deviceId/telemetry',
    {
      schema: {
        tags: ['mqtt'],
        operationId: 'listDeviceTelemetry',
        summary: 'Readings as they were stored, newest first',
        params: DeviceIdParameter,
        querystring: DeviceTelemetryQuery,
        response: answers({ 200: pageOf(DeviceReading) }, 404),
      },
    },
    async (request) => {
      const { from, to, cursor, limit = DEFAULT_PAGE_SIZE } = request.query
      const [begin, end] = [instant('/from', from), instant('/to', to)]
      const device = await requireResource(database, deviceResource, request.params.deviceId, tenantOf(request))
      let query = database
        .selectFrom('device_data_logs')
        .selectAll()
        .select(sql<string>`(extract(epoch from timestamp) * 1000000)::bigint::text`.as('place'))
        .where('device_id', '=', device.id)
        .orderBy('timestamp', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
      if (begin) query = query.where('timestamp', '>=', begin)
      if (end) query = query.where('timestamp', '<', end)
      if (cursor !== undefined) {
        const [time, id] = decodeCursor(cursor, [MICROSECONDS, UUID_PATTERN])
        query = query.where(
          sql<boolean>`(timestamp, id) < ('epoch'::timestamptz + ${time}::bigint * interval '1 microsecond', ${id}::uuid)`,
        )
      }
      const rows = await query.execute()
      const last = rows.length > limit ? rows[limit - 1] : undefined
      return {
        items: rows.slice(0, limit).map((row) => ({
          id: row.id,
          timestamp: row.timestamp.toISOString(),
          measured_at: row.measured_at.toISOString(),
          socket_id: row.socket_id,
          measurements: measurementsOf(row),
          phases: row.phases,
          extra: row.extra,
          quality: row.quality ?? [],
          retained: row.retained,
          qos: row.qos,
          decoder: row.decoder,
          data_json: row.data_json,
        })),
        next_cursor: last ? encodeCursor(last.place, last.id) : null,
      }
    },
  )
}

/** The date-time format allows years that Postgres does not have. */
function instant(pointer: string, text: string | undefined): Date | null {
  if (text === undefined) return null
  const date = new Date(text)
  if (date.getUTCFullYear() < 1970 || date.getUTCFullYear() > 9_999)
    throw invalidField(pointer, 'must be a time since 1970')
  return date
}
