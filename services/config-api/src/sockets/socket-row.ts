import type { Socket } from '@iomt/contracts/rest/socket'
import type { SocketMqttConfig } from '@iomt/contracts/rest/socket-mqtt'
import { socketTopic } from '@iomt/contracts/topics'
import type { Database } from '@iomt/database/connect'
import type { BrokerRow } from '../broker-block/broker-row.ts'
import { brokerView } from '../broker-block/broker-view.ts'
import { notFound } from '../changes/refusal.ts'
import { profileConfigOf } from '../payloads/effective-payload-config.ts'

/** Sockets with what they take from their PDU; `tenant` null: of every organization. */
export function selectSockets(database: Database, tenant: string | null) {
  const query = database
    .selectFrom('sockets')
    .innerJoin('power_distribution_units as pdu', 'pdu.id', 'sockets.pdu_id')
    .selectAll('sockets')
    .select([
      'pdu.organization_id',
      'pdu.department_id',
      'pdu.code as pdu_code',
      'pdu.name as pdu_name',
      'pdu.version as pdu_version',
      'pdu.timezone as pdu_timezone',
      'pdu.specifications as pdu_specifications',
      'pdu.mqtt_base_topic as pdu_base_topic',
      'pdu.mqtt_broker_host as pdu_broker_host',
      'pdu.mqtt_broker_port as pdu_broker_port',
      'pdu.mqtt_credentials as pdu_credentials',
      'pdu.mqtt_config as pdu_config',
      profileConfigOf('sockets').as('profile_config'),
    ])
  return tenant === null ? query : query.where('pdu.organization_id', '=', tenant)
}

export type SocketRow = Awaited<ReturnType<ReturnType<typeof selectSockets>['executeTakeFirstOrThrow']>>

/**
 * `pointer`: where in the request the id is, unless it is in the path.
 * @throws Refusal `not-found` unless the socket exists and is the caller's.
 */
export async function requireSocket(
  database: Database,
  id: string,
  tenant: string | null,
  pointer?: string,
): Promise<SocketRow> {
  const row = await selectSockets(database, tenant).where('sockets.id', '=', id).executeTakeFirst()
  if (!row) throw notFound('socket', id, pointer)
  return row
}

/** The broker block in effect, and whose it is; null when neither the socket nor its PDU names a host. */
export function effectiveBroker(row: SocketRow): { owner: 'socket' | 'pdu'; broker: BrokerRow } | null {
  if (row.mqtt_broker_host !== null) return { owner: 'socket', broker: row }
  if (row.pdu_broker_host === null) return null
  return {
    owner: 'pdu',
    broker: {
      mqtt_broker_host: row.pdu_broker_host,
      mqtt_broker_port: row.pdu_broker_port,
      mqtt_credentials: row.pdu_credentials,
      mqtt_config: row.pdu_config,
    },
  }
}

export function topicOf(row: SocketRow): string | null {
  return socketTopic(row.pdu_base_topic, row.mqtt_topic_suffix)
}

/** `GET /sockets/:id`: the broker block is the socket's own, as it was written. */
export function socketView(row: SocketRow): Socket {
  return {
    id: row.id,
    pdu_id: row.pdu_id,
    organization_id: row.organization_id,
    department_id: row.department_id,
    socket_number: row.socket_number,
    name: row.name,
    mqtt_topic_suffix: row.mqtt_topic_suffix,
    topic: topicOf(row),
    ...brokerView(row),
    inherited_from: effectiveBroker(row)?.owner === 'pdu' ? 'pdu' : null,
    payload_config: row.payload_config,
    device_id: row.device_id,
    assigned_at: row.assigned_at?.toISOString() ?? null,
    assigned_by: row.assigned_by,
    is_enabled: row.is_enabled,
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

/** `GET /sockets/:id/mqtt-config`: the broker block in effect. */
export function socketMqttConfig(row: SocketRow): SocketMqttConfig {
  const effective = effectiveBroker(row)
  return {
    topic: topicOf(row),
    ...brokerView(effective?.broker ?? row),
    inherited_from: effective?.owner === 'pdu' ? 'pdu' : null,
  }
}
