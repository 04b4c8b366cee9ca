import { partitionOf } from '@iomt/contracts/partitions'
import type { Database } from '@iomt/database/connect'
import { type ConnectionOrigin, connectionProfile } from '@iomt/socket-mqtt-client/connection-profile'
import { sql } from 'kysely'
import { effectiveBroker, selectSockets, topicOf } from '../sockets/socket-row.ts'
import type { TopicPlace } from './topic-place.ts'

export interface ClientIdCollision {
  readonly clientId: string
  readonly socket: TopicPlace
  readonly other: TopicPlace
}

/** One socket of each broker block that is in use, and what its connection is made from. */
export interface ConnectionUse {
  readonly place: TopicPlace
  readonly origin: ConnectionOrigin
}

/**
 * Connections that differ and have one client id at one broker, which the broker would let live only one at a time. A client
 * id holds 48 bits of a digest of what makes the connection, so none is to be expected, ever; but nobody would find it.
 */
export function clientIdCollisions(
  uses: readonly ConnectionUse[],
  profileOf: (origin: ConnectionOrigin) => object & { clientId: string } = connectionProfile,
): ClientIdCollision[] {
  const collisions: ClientIdCollision[] = []
  const owners = new Map<string, { identity: string; place: TopicPlace }>()
  for (const { place, origin } of uses) {
    const profile = profileOf(origin)
    // The organization and the spelling of the host: one is no part of the profile, the other makes no difference in it.
    const identity = JSON.stringify([origin.organization_id, { ...profile, host: place.host }])
    const key = `${profile.clientId}\n${place.host}\n${place.port}`
    const owner = owners.get(key)
    if (!owner) owners.set(key, { identity, place })
    else if (owner.identity !== identity)
      collisions.push({ clientId: profile.clientId, socket: owner.place, other: place })
  }
  return collisions
}

/** The broker blocks in use by enabled sockets, each once: those of PDUs and those that sockets have of their own. */
export async function connectionUses(database: Database): Promise<ConnectionUse[]> {
  const rows = await selectSockets(database, null)
    .distinctOn(sql<string>`case when sockets.mqtt_broker_host is null then pdu.id else sockets.id end`)
    .where('sockets.is_enabled', '=', true)
    .where('pdu.mqtt_base_topic', 'is not', null)
    .where('sockets.mqtt_topic_suffix', 'is not', null)
    .execute()
  return rows.flatMap((row) => {
    const broker = effectiveBroker(row)?.broker
    if (!broker?.mqtt_broker_host) return []
    const username = broker.mqtt_credentials.username
    return {
      place: {
        socketId: row.id,
        socketNumber: row.socket_number,
        pduId: row.pdu_id,
        pduCode: row.pdu_code,
        organizationId: row.organization_id,
        topic: topicOf(row) as string,
        host: broker.mqtt_broker_host.toLowerCase(),
        port: broker.mqtt_broker_port,
        channel: null,
        subtree: false,
      },
      origin: {
        organization_id: row.organization_id,
        partition: partitionOf(row.pdu_id),
        mqtt_broker_host: broker.mqtt_broker_host,
        mqtt_broker_port: broker.mqtt_broker_port,
        mqtt_credentials: username == null ? {} : { username },
        mqtt_config: broker.mqtt_config,
      },
    }
  })
}
