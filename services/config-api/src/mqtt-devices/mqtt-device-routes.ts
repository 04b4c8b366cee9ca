import { Id } from '@iomt/contracts/codes'
import { MqttDevice, MqttDeviceAssign } from '@iomt/contracts/rest/mqtt-device'
import { SocketMqttConfigReplace } from '@iomt/contracts/rest/socket-mqtt'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Database } from '@iomt/database/connect'
import { Type } from '@sinclair/typebox'
import { inTransaction } from '../changes/change.ts'
import { deviceTaken } from '../changes/postgres-refusal.ts'
import type { App } from '../http/app.ts'
import { actorOf, tenantOf } from '../http/authentication.ts'
import { entityTag, expectedVersions } from '../http/entity-tag.ts'
import { answers, BODY_REFUSALS, IfMatchHeader, NoContent } from '../http/route-documentation.ts'
import type { GatewayClient } from '../live-status/gateway-client.ts'
import { statusOfSocket } from '../live-status/live-status.ts'
import { replaceMqttConfig } from '../sockets/replace-mqtt-config.ts'
import type { SocketResource } from '../sockets/socket-resource.ts'
import { lockSocketOfDevice, mqttDevice, socketOfDevice } from './mqtt-device.ts'

export const DeviceIdParameter = Type.Object({ deviceId: Id }, { additionalProperties: false })

export interface MqttDeviceRoutesOptions {
  readonly database: Database
  readonly vault: Vault
  readonly sockets: SocketResource
  readonly gateways: GatewayClient
  readonly onChange: () => void
}

/** Assign a device to a socket, read and replace its MQTT configuration, unassign it. The `ETag` is the socket's. */
export function addMqttDeviceRoutes(app: App, options: MqttDeviceRoutesOptions): void {
  const { database, vault, sockets, gateways, onChange } = options
  const one = '/mqtt/devices/:deviceId'
  const tags = ['mqtt']

  async function read(deviceId: string, tenant: string | null) {
    const { device, socket } = await socketOfDevice(database, deviceId, tenant)
    return { tag: entityTag(socket.version), view: mqttDevice(device, socket, await statusOfSocket(gateways, socket)) }
  }

  app.get(
    one,
    {
      schema: {
        tags,
        operationId: 'getMqttDevice',
        summary: 'A device with its MQTT configuration through its socket, topic and live status',
        params: DeviceIdParameter,
        response: answers({ 200: MqttDevice }, 404),
      },
    },
    async (request, reply) => {
      const { tag, view } = await read(request.params.deviceId, tenantOf(request))
      return await reply.header('etag', tag).send(view)
    },
  )

  app.post(
    '/mqtt/devices',
    {
      schema: {
        tags,
        operationId: 'assignMqttDevice',
        summary: 'Put a device on a socket, with a MQTT configuration for the socket if it is given',
        body: MqttDeviceAssign,
        response: answers({ 201: MqttDevice }, 404, 409, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const { device_id: deviceId, socket_id: socketId, ...block } = request.body
      const actor = actorOf(request)
      await inTransaction(database, async (transaction) => {
        // One assignment of a device at a time: of two that race for the same socket the second would find its wish done.
        await transaction.selectFrom('devices').select('id').where('id', '=', deviceId).forNoKeyUpdate().execute()
        const taken = await transaction
          .selectFrom('sockets')
          .innerJoin('devices', 'devices.id', 'sockets.device_id')
          .select(['sockets.id', 'devices.organization_id'])
          .where('sockets.device_id', '=', deviceId)
          .executeTakeFirst()
        // Said before the socket is looked at, and only to those who may see the device.
        if (taken && (actor.organizationId === null || taken.organization_id === actor.organizationId))
          throw deviceTaken()
        const given = Object.keys(block).length > 0 ? block : null
        await replaceMqttConfig(transaction, sockets, vault, { socketId, block: given, deviceId }, null, actor)
      })
      onChange()
      const { tag, view } = await read(deviceId, tenantOf(request))
      return await reply.code(201).header('location', `/mqtt/devices/${view.device_id}`).header('etag', tag).send(view)
    },
  )

  app.put(
    one,
    {
      schema: {
        tags,
        operationId: 'replaceMqttDeviceConfig',
        summary: "Replace the MQTT configuration of the device's socket",
        params: DeviceIdParameter,
        headers: IfMatchHeader,
        body: SocketMqttConfigReplace,
        response: answers({ 200: MqttDevice }, 404, 409, 412, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const { deviceId } = request.params
      const expected = expectedVersions(request.headers['if-match'])
      const actor = actorOf(request)
      await inTransaction(database, async (transaction) => {
        const socketId = await lockSocketOfDevice(transaction, sockets, deviceId, actor.organizationId)
        const replacement = { socketId, block: request.body }
        await replaceMqttConfig(transaction, sockets, vault, replacement, expected, actor)
      })
      onChange()
      const { tag, view } = await read(deviceId, tenantOf(request))
      return await reply.header('etag', tag).send(view)
    },
  )

  app.delete(
    one,
    {
      schema: {
        tags,
        operationId: 'unassignMqttDevice',
        summary: 'Take the device off its socket',
        params: DeviceIdParameter,
        headers: IfMatchHeader,
        response: answers({ 204: NoContent }, 404, 412),
      },
    },
    async (request, reply) => {
      const expected = expectedVersions(request.headers['if-match'])
      const actor = actorOf(request)
      await inTransaction(database, async (transaction) => {
        const { deviceId } = request.params
        const socketId = await lockSocketOfDevice(transaction, sockets, deviceId, actor.organizationId)
        const replacement = { socketId, block: null, deviceId: null }
        await replaceMqttConfig(transaction, sockets, vault, replacement, expected, actor)
      })
      onChange()
      return await reply.code(204).send(null)
    },
  )
}
