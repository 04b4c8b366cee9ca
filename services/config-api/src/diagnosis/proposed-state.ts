import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Database } from '@iomt/database/connect'
import { type Actor, inTransaction } from '../changes/change.ts'
import { Refusal } from '../changes/refusal.ts'
import { readDesiredStates } from '../desired-state/desired-state.ts'
import { type MqttConfigReplacement, replaceMqttConfig } from '../sockets/replace-mqtt-config.ts'
import type { SocketResource } from '../sockets/socket-resource.ts'

/** Carries what was read out of a transaction that must not commit. */
class Undone extends Error {
  readonly state: SocketDesiredState | undefined

  constructor(state: SocketDesiredState | undefined) {
    super('undone on purpose')
    this.state = state
  }
}

/**
 * The desired state that a socket would have with this block. The change is made and undone, so that it is refused for the same
 * reasons as a real one and stored secrets are kept by the same rules.
 */
export async function proposedState(
  database: Database,
  sockets: SocketResource,
  vault: Vault,
  replacement: MqttConfigReplacement,
  actor: Actor,
): Promise<SocketDesiredState | undefined> {
  try {
    return await inTransaction(database, async (transaction): Promise<never> => {
      await replaceMqttConfig(transaction, sockets, vault, replacement, null, actor)
      throw new Undone((await readDesiredStates(transaction, [replacement.socketId])).get(replacement.socketId))
    })
  } catch (error) {
    if (error instanceof Undone) return error.state
    if (!(error instanceof Refusal)) throw error
    const fields = error.fields.map(({ pointer, detail }) => ({ pointer: `/configuration${pointer}`, detail }))
    throw new Refusal(error.reason, error.message, fields)
  }
}
