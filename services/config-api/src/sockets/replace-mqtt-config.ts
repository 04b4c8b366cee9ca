import type { Socket } from '@iomt/contracts/rest/socket'
import type { SocketMqttConfigReplace } from '@iomt/contracts/rest/socket-mqtt'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Schema } from '@iomt/database/schema'
import type { Transaction } from 'kysely'
import { type BrokerChanges, replaceBroker } from '../broker-block/broker-changes.ts'
import type { Actor } from '../changes/change.ts'
import { notFound } from '../changes/refusal.ts'
import { type ExpectedVersions, updateWithin } from '../resources/change-resource.ts'
import type { SocketResource } from './socket-resource.ts'
import { selectSockets } from './socket-row.ts'

export interface MqttConfigReplacement {
  readonly socketId: string
  /** Null: the socket keeps the block it has. */
  readonly block: SocketMqttConfigReplace | null
  /** Put on the socket, or taken off (null), in the same change; left out: stays. */
  readonly deviceId?: string | null
}

/** Replaces a socket's broker block, and perhaps its device, as one change of the socket. */
export async function replaceMqttConfig(
  transaction: Transaction<Schema>,
  sockets: SocketResource,
  vault: Vault,
  { socketId, block, deviceId }: MqttConfigReplacement,
  expected: ExpectedVersions,
  actor: Actor,
): Promise<Socket> {
  if (!(await sockets.lock(transaction, socketId, actor.organizationId)))
    throw notFound('socket', socketId, '/socket_id')
  let broker: BrokerChanges = {}
  if (block !== null) {
    const stored = await selectSockets(transaction, null).where('sockets.id', '=', socketId).executeTakeFirstOrThrow()
    const context = { organizationId: stored.organization_id, owner: `socket:${stored.id}` } as const
    broker = replaceBroker(stored, block, vault, context)
  }
  const fields = { broker, ...(deviceId === undefined ? {} : { device_id: deviceId }) }
  return await updateWithin(transaction, sockets, socketId, fields, expected, actor)
}
