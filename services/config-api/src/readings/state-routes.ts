import { DEFAULT_STATES_LIMIT, DeviceState, DeviceStatesQuery } from '@iomt/contracts/rest/device-state'
import { pageOf } from '@iomt/contracts/rest/page'
import { type RawBuilder, sql } from 'kysely'
import { Refusal } from '../changes/refusal.ts'
import { deviceResource } from '../devices/device-resource.ts'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { encodeCursor, pageRequest } from '../http/cursor.ts'
import { sendJsonText } from '../http/json-text.ts'
import { answers } from '../http/route-documentation.ts'
import { DeviceIdParameter } from '../mqtt-devices/mqtt-device-routes.ts'
import { requireResource } from '../resources/change-resource.ts'
import { STATE_COLUMNS, stateJson } from './state-row.ts'
import { eachTextRow, type TextSource, textRows } from './text-rows.ts'
import { createWrittenRows } from './written-rows.ts'

/** Current state of one device, and of all. */
export function addStateRoutes(app: App, source: TextSource): void {
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
    async (request, reply) => {
      const device = await requireResource(source.database, deviceResource, request.params.deviceId, tenantOf(request))
      const [row] = await textRows(
        source,
        sql`select ${STATE_COLUMNS} from device_current_state state where state.device_id = ${device.id}`,
      )
      if (!row) throw new Refusal('no-state-yet', 'No reading of the device has been stored yet.')
      return await sendJsonText(reply, stateJson(row))
    },
  )

  app.get(
    '/mqtt/states',
    {
      schema: {
        tags: ['mqtt'],
        operationId: 'listDeviceStates',
        summary: 'The newest known values of every device that has sent something',
        description: 'In order of device id. `pdu_id` and `department_id` are where a device is plugged in now.',
        querystring: DeviceStatesQuery,
        response: answers({ 200: pageOf(DeviceState) }),
      },
    },
    async (request, reply) => {
      const { after, limit } = pageRequest({ limit: DEFAULT_STATES_LIMIT, ...request.query })
      const written = createWrittenRows({ write: stateJson, separator: ',' }, limit)
      // One more tells whether any follow.
      await eachTextRow(source, statesQuery(request.query, tenantOf(request), after, limit + 1), written.add)
      const last = written.rows() > limit ? written.last()?.[0] : undefined
      const next = JSON.stringify(last ? encodeCursor(last) : null)
      const [before, behind] = [Buffer.from('{"items":['), Buffer.from(`],"next_cursor":${next}}`)]
      return await sendJsonText(reply, Buffer.concat([before, ...written.pieces(), behind]))
    },
  )
}

function statesQuery(
  { organization_id: organization, department_id: department, pdu_id: pdu }: DeviceStatesQuery,
  tenant: string | null,
  after: string | null,
  limit: number,
): RawBuilder<unknown> {
  const conditions = [sql`true`]
  // The primary key of the states is the order; an organization is a property of the device.
  if (after !== null) conditions.push(sql`state.device_id > ${after}`)
  if (tenant !== null) conditions.push(sql`device.organization_id = ${tenant}`)
  if (organization !== undefined) conditions.push(sql`device.organization_id = ${organization}`)
  if (department !== undefined) conditions.push(sql`pdu.department_id = ${department}`)
  if (pdu !== undefined) conditions.push(sql`pdu.id = ${pdu}`)
  const place =
    department === undefined && pdu === undefined
      ? sql``
      : sql`join sockets socket on socket.device_id = state.device_id
          join power_distribution_units pdu on pdu.id = socket.pdu_id`
  return sql`select ${STATE_COLUMNS}
    from device_current_state state join devices device on device.id = state.device_id ${place}
    where ${sql.join(conditions, sql` and `)} order by state.device_id limit ${limit}`
}
