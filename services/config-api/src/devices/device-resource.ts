import { Device, type DeviceCreate, type DevicePatch, type DeviceQuery } from '@iomt/contracts/rest/device'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { Refusal } from '../changes/refusal.ts'
import { requireOrganization } from '../resources/require-parent.ts'
import type { Resource } from '../resources/resource.ts'
import { rowView } from '../resources/row-view.ts'

export const deviceResource: Resource<Device, DeviceCreate, DevicePatch, DeviceQuery> = {
  entity: 'device',

  async find(database, id, tenant) {
    const row = await select(database, tenant).where('devices.id', '=', id).executeTakeFirst()
    return row && rowView(Device, row)
  },

  async lock(transaction, id, tenant) {
    const row = await select(transaction, tenant).where('devices.id', '=', id).forUpdate().executeTakeFirst()
    return row !== undefined
  },

  async list(database, filters, tenant, page) {
    let query = select(database, tenant).orderBy('devices.id').limit(page.limit)
    if (page.after !== null) query = query.where('devices.id', '>', page.after)
    for (const column of ['organization_id', 'device_type', 'serial_number', 'asset_tag'] as const) {
      const value = filters[column]
      if (value !== undefined) query = query.where(`devices.${column}`, '=', value)
    }
    if (filters.assigned !== undefined) {
      const onSocket = sql<boolean>`exists (select from sockets where sockets.device_id = devices.id)`
      query = query.where(onSocket, '=', filters.assigned)
    }
    return (await query.execute()).map((row) => rowView(Device, row))
  },

  async insert(transaction, id, fields, actor) {
    await requireOrganization(transaction, fields.organization_id, actor.organizationId)
    await transaction
      .insertInto('devices')
      .values({ id, ...fields })
      .execute()
  },

  async update(transaction, current, fields) {
    await transaction
      .updateTable('devices')
      .set({ ...fields, version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', '=', current.id)
      .execute()
  },

  async remove(transaction, { id }) {
    const socket = await transaction
      .selectFrom('sockets')
      .innerJoin('power_distribution_units as pdu', 'pdu.id', 'sockets.pdu_id')
      .select(['sockets.socket_number', 'pdu.code'])
      .where('sockets.device_id', '=', id)
      .executeTakeFirst()
    if (socket) {
      const place = `socket ${socket.socket_number} of PDU ${socket.code}`
      throw new Refusal('in-use', `The device is on ${place}; unassign it first (DELETE /mqtt/devices/${id}).`)
    }
    await transaction.deleteFrom('devices').where('id', '=', id).execute()
  },
}

function select(database: Database, tenant: string | null) {
  const query = database.selectFrom('devices').selectAll('devices')
  return tenant === null ? query : query.where('devices.organization_id', '=', tenant)
}
