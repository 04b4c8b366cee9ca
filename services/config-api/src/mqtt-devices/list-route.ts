import { Device } from '@iomt/contracts/rest/device'
import { MqttDevice, MqttDeviceQuery } from '@iomt/contracts/rest/mqtt-device'
import { pageOf } from '@iomt/contracts/rest/page'
import type { Database } from '@iomt/database/connect'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { encodeCursor, pageRequest } from '../http/cursor.ts'
import { answers } from '../http/route-documentation.ts'
import type { GatewayClient } from '../live-status/gateway-client.ts'
import { statusesOfSockets } from '../live-status/live-status.ts'
import { rowView } from '../resources/row-view.ts'
import { selectSockets } from '../sockets/socket-row.ts'
import { mqttDevice } from './mqtt-device.ts'

/** `GET /mqtt/devices` */
export function addMqttDeviceListRoute(app: App, database: Database, gateways: GatewayClient): void {
  app.get(
    '/mqtt/devices',
    {
      schema: {
        tags: ['mqtt'],
        operationId: 'listMqttDevices',
        summary: 'Devices on sockets, with their MQTT configuration, topic and live status',
        querystring: MqttDeviceQuery,
        response: answers({ 200: pageOf(MqttDevice) }),
      },
    },
    async (request) => {
      const filters = request.query
      const { after, limit } = pageRequest(filters)
      let query = selectSockets(database, tenantOf(request))
        .where('sockets.device_id', 'is not', null)
        .orderBy('sockets.device_id')
        .limit(limit + 1)
      if (after !== null) query = query.where('sockets.device_id', '>', after)
      if (filters.organization_id !== undefined)
        query = query.where('pdu.organization_id', '=', filters.organization_id)
      if (filters.department_id !== undefined) query = query.where('pdu.department_id', '=', filters.department_id)
      if (filters.pdu_id !== undefined) query = query.where('sockets.pdu_id', '=', filters.pdu_id)
      const rows = await query.execute()

      const sockets = rows.slice(0, limit)
      const ids = sockets.flatMap(({ device_id: id }) => (id === null ? [] : [id]))
      const [devices, statuses] = await Promise.all([readDevices(ids), statusesOfSockets(gateways, sockets)])
      const items = sockets.flatMap((socket, index) => {
        const device = devices.get(socket.device_id ?? '')
        const status = statuses[index]
        return device && status ? [mqttDevice(device, socket, status)] : []
      })
      const last = ids.at(-1)
      return { items, next_cursor: rows.length > limit && last !== undefined ? encodeCursor(last) : null }
    },
  )

  async function readDevices(ids: string[]): Promise<Map<string, MqttDevice['device']>> {
    if (ids.length === 0) return new Map()
    const rows = await database.selectFrom('devices').selectAll().where('id', 'in', ids).execute()
    return new Map(rows.map((row) => [row.id, rowView(Device, row)]))
  }
}
