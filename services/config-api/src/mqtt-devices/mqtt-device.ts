import type { MqttDevice } from '@iomt/contracts/rest/mqtt-device'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import type { Database } from '@iomt/database/connect'
import type { Schema } from '@iomt/database/schema'
import type { Transaction } from 'kysely'
import { Refusal } from '../changes/refusal.ts'
import { deviceResource } from '../devices/device-resource.ts'
import { requireResource } from '../resources/change-resource.ts'
import type { SocketResource } from '../sockets/socket-resource.ts'
import { type SocketRow, selectSockets, socketMqttConfig } from '../sockets/socket-row.ts'

type Device = MqttDevice['device']

/** The socket that a device is on. @throws Refusal when there is no such device, or it is on none. */
export async function socketOfDevice(
  database: Database,
  deviceId: string,
  tenant: string | null,
): Promise<{ device: Device; socket: SocketRow }> {
  const device = await requireResource(database, deviceResource, deviceId, tenant)
  const socket = await selectSockets(database, tenant).where('sockets.device_id', '=', device.id).executeTakeFirst()
  if (!socket) throw notOnASocket()
  return { device, socket }
}

/**
 * Locks the socket that a device is on, to change it, and answers its id. Whoever had the lock before may have taken the device
 * off, and put another one there that the change is not meant for.
 *
 * @throws Refusal as {@link socketOfDevice}.
 */
export async function lockSocketOfDevice(
  transaction: Transaction<Schema>,
  sockets: SocketResource,
  deviceId: string,
  tenant: string | null,
): Promise<string> {
  const { device, socket } = await socketOfDevice(transaction, deviceId, tenant)
  await sockets.lock(transaction, socket.id, tenant)
  const locked = await transaction
    .selectFrom('sockets')
    .select('id')
    .where('id', '=', socket.id)
    .where('device_id', '=', device.id)
    .executeTakeFirst()
  if (!locked) throw notOnASocket()
  return locked.id
}

function notOnASocket(): Refusal {
  return new Refusal('device-not-on-a-socket', 'The device is on no socket; assign it with POST /mqtt/devices.')
}

export function mqttDevice(device: Device, socket: SocketRow, status: SocketStatus): MqttDevice {
  return {
    device_id: device.id,
    socket_id: socket.id,
    pdu_id: socket.pdu_id,
    organization_id: socket.organization_id,
    department_id: socket.department_id,
    device,
    socket: {
      id: socket.id,
      socket_number: socket.socket_number,
      name: socket.name,
      is_enabled: socket.is_enabled,
      version: socket.version,
    },
    pdu: { id: socket.pdu_id, code: socket.pdu_code, name: socket.pdu_name },
    assigned_at: socket.assigned_at?.toISOString() ?? null,
    assigned_by: socket.assigned_by,
    ...socketMqttConfig(socket),
    mqtt_status: status,
  }
}
