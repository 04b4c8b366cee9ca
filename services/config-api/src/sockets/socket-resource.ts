import type { Socket, SocketCreate, SocketPatch, SocketQuery } from '@iomt/contracts/rest/socket'
import { topicPartProblem } from '@iomt/contracts/topics'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Schema } from '@iomt/database/schema'
import { sql, type Transaction } from 'kysely'
import { type BrokerChanges, mergeBroker } from '../broker-block/broker-changes.ts'
import { invalidField, notFound, Refusal } from '../changes/refusal.ts'
import { checkSocketPayloadConfig } from '../payloads/payload-config-check.ts'
import type { Resource } from '../resources/resource.ts'
import { assignDevice } from './device-assignment.ts'
import { selectSockets, socketView } from './socket-row.ts'
import { checkTopicOfSocket } from './topic-check.ts'

export type SocketResource = Resource<Socket, SocketCreate, SocketPatch & SocketBrokerReplacement, SocketQuery>

/** A whole broker block computed by the caller (`PUT …/mqtt-config`) instead of one merged from the patch. */
interface SocketBrokerReplacement {
  readonly broker?: BrokerChanges
  /** Set by a caller who changes several topics in one transaction and checks all of them at its end. */
  readonly topicsCheckedLater?: true
}

export function createSocketResource(vault: Vault): SocketResource {
  return {
    entity: 'socket',

    async find(database, id, tenant) {
      const row = await selectSockets(database, tenant).where('sockets.id', '=', id).executeTakeFirst()
      return row && socketView(row)
    },

    async lock(transaction, id, tenant) {
      const socket = await selectSockets(transaction, tenant).where('sockets.id', '=', id).executeTakeFirst()
      if (!socket) return false
      await lockPdu(transaction, socket.pdu_id, tenant)
      const locked = await transaction
        .selectFrom('sockets')
        .select('id')
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst()
      return locked !== undefined
    },

    async list(database, filters, tenant, page) {
      let query = selectSockets(database, tenant).orderBy('sockets.id').limit(page.limit)
      if (page.after !== null) query = query.where('sockets.id', '>', page.after)
      if (filters.organization_id !== undefined)
        query = query.where('pdu.organization_id', '=', filters.organization_id)
      if (filters.department_id !== undefined) query = query.where('pdu.department_id', '=', filters.department_id)
      if (filters.pdu_id !== undefined) query = query.where('sockets.pdu_id', '=', filters.pdu_id)
      if (filters.device_id !== undefined) query = query.where('sockets.device_id', '=', filters.device_id)
      if (filters.assigned !== undefined)
        query = query.where('sockets.device_id', filters.assigned ? 'is not' : 'is', null)
      if (filters.is_enabled !== undefined) query = query.where('sockets.is_enabled', '=', filters.is_enabled)
      return (await query.execute()).map(socketView)
    },

    async insert(transaction, id, fields, actor) {
      checkFields(fields)
      const pdu = await lockPdu(transaction, fields.pdu_id, actor.organizationId)
      if (!pdu) throw notFound('pdu', fields.pdu_id, '/pdu_id')
      await checkSocketPayloadConfig(transaction, fields.payload_config, pdu.organization_id)
      const place = { id, organization_id: pdu.organization_id, device_id: null }
      const context = { organizationId: pdu.organization_id, owner: `socket:${id}` } as const
      await transaction
        .insertInto('sockets')
        .values({
          id,
          pdu_id: pdu.id,
          socket_number: fields.socket_number,
          ...columnsOf(fields),
          ...mergeBroker(null, fields, vault, context),
          ...(await assignDevice(transaction, place, fields.device_id ?? null, actor)),
        })
        .execute()
      await checkTopicOfSocket(transaction, id)
    },

    async update(transaction, current, fields, actor) {
      checkFields(fields)
      await checkSocketPayloadConfig(transaction, fields.payload_config, current.organization_id)
      const broker = fields.broker ?? (await mergedBroker(transaction, vault, current, fields))
      const assignment =
        fields.device_id === undefined ? {} : await assignDevice(transaction, current, fields.device_id, actor)
      await transaction
        .updateTable('sockets')
        .set({
          ...(fields.socket_number !== undefined ? { socket_number: fields.socket_number } : {}),
          ...columnsOf(fields),
          ...broker,
          ...assignment,
          version: sql`version + 1`,
          updated_at: sql`now()`,
        })
        .where('id', '=', current.id)
        .execute()
      const movesTopic =
        fields.mqtt_topic_suffix !== undefined ||
        fields.is_enabled !== undefined ||
        fields.payload_config !== undefined ||
        broker.mqtt_broker_host !== undefined ||
        broker.mqtt_broker_port !== undefined
      if (movesTopic && !fields.topicsCheckedLater) await checkTopicOfSocket(transaction, current.id)
    },

    async remove(transaction, { id, device_id }) {
      if (device_id !== null) {
        throw new Refusal(
          'in-use',
          `Device ${device_id} is on the socket; unassign it first (DELETE /mqtt/devices/${device_id}).`,
        )
      }
      await transaction.deleteFrom('sockets').where('id', '=', id).execute()
    },
  }
}

async function mergedBroker(transaction: Transaction<Schema>, vault: Vault, socket: Socket, fields: SocketPatch) {
  const stored = await selectSockets(transaction, null).where('sockets.id', '=', socket.id).executeTakeFirstOrThrow()
  const context = { organizationId: socket.organization_id, owner: `socket:${socket.id}` } as const
  return mergeBroker(stored, fields, vault, context)
}

/** Shared, so that the base topic and the broker which the socket inherits stay as they are until it is written. */
async function lockPdu(transaction: Transaction<Schema>, id: string, tenant: string | null) {
  const query = transaction
    .selectFrom('power_distribution_units')
    .select(['id', 'organization_id'])
    .where('id', '=', id)
    .forShare()
  return await (tenant === null ? query : query.where('organization_id', '=', tenant)).executeTakeFirst()
}

function checkFields(fields: SocketPatch): void {
  const problem = fields.mqtt_topic_suffix ? topicPartProblem('mqtt_topic_suffix', fields.mqtt_topic_suffix) : null
  if (problem) throw invalidField('/mqtt_topic_suffix', problem.replace('mqtt_topic_suffix ', ''))
}

/** The columns beside number, broker block and device; JSON as text. */
function columnsOf(fields: SocketPatch) {
  const { payload_config: payload } = fields
  return {
    ...(fields.name !== undefined ? { name: fields.name } : {}),
    ...(fields.mqtt_topic_suffix !== undefined ? { mqtt_topic_suffix: fields.mqtt_topic_suffix } : {}),
    ...(payload !== undefined ? { payload_config: payload === null ? null : JSON.stringify(payload) } : {}),
    ...(fields.is_enabled !== undefined ? { is_enabled: fields.is_enabled } : {}),
  }
}
