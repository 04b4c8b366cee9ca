import { SocketMqttConfig, SocketMqttConfigReplace } from '@iomt/contracts/rest/socket-mqtt'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Database } from '@iomt/database/connect'
import { inTransaction } from '../changes/change.ts'
import type { App } from '../http/app.ts'
import { actorOf, tenantOf } from '../http/authentication.ts'
import { entityTag, expectedVersions } from '../http/entity-tag.ts'
import { answers, BODY_REFUSALS, IdParameter, IfMatchHeader } from '../http/route-documentation.ts'
import { replaceMqttConfig } from './replace-mqtt-config.ts'
import type { SocketResource } from './socket-resource.ts'
import { requireSocket, socketMqttConfig } from './socket-row.ts'

export interface MqttConfigRoutesOptions {
  readonly database: Database
  readonly vault: Vault
  readonly sockets: SocketResource
  readonly onChange: () => void
}

/** `/sockets/:id/mqtt-config`: what is in effect, and the socket's own block replaced. The `ETag` is the socket's. */
export function addMqttConfigRoutes(app: App, { database, vault, sockets, onChange }: MqttConfigRoutesOptions): void {
  const path = '/sockets/:id/mqtt-config'
  const tags = ['sockets']

  async function read(id: string, tenant: string | null) {
    const row = await requireSocket(database, id, tenant)
    return { tag: entityTag(row.version), config: socketMqttConfig(row) }
  }

  app.get(
    path,
    {
      schema: {
        tags,
        operationId: 'getSocketMqttConfig',
        summary: 'The MQTT configuration in effect, its own or inherited from the PDU',
        params: IdParameter,
        response: answers({ 200: SocketMqttConfig }, 404),
      },
    },
    async (request, reply) => {
      const { tag, config } = await read(request.params.id, tenantOf(request))
      return await reply.header('etag', tag).send(config)
    },
  )

  app.put(
    path,
    {
      schema: {
        tags,
        operationId: 'replaceSocketMqttConfig',
        summary: "Replace the socket's broker block; without a host it inherits the PDU's",
        params: IdParameter,
        headers: IfMatchHeader,
        body: SocketMqttConfigReplace,
        response: answers({ 200: SocketMqttConfig }, 404, 409, 412, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const expected = expectedVersions(request.headers['if-match'])
      const actor = actorOf(request)
      const replacement = { socketId: request.params.id, block: request.body }
      await inTransaction(database, (transaction) =>
        replaceMqttConfig(transaction, sockets, vault, replacement, expected, actor),
      )
      onChange()
      const { tag, config } = await read(request.params.id, tenantOf(request))
      return await reply.header('etag', tag).send(config)
    },
  )
}
