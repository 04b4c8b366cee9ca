import { compileMessage } from '@iomt/contracts/compile-message'
import { compileSchema } from '@iomt/contracts/compile-schema'
import { PayloadConfig } from '@iomt/contracts/payload-config'
import { SocketDesiredState } from '@iomt/contracts/socket-desired-state'

const schema = compileMessage(SocketDesiredState)
const payloadConfig = compileSchema(PayloadConfig)

/** A desired state as this gateway can follow it. */
export interface FollowedState extends SocketDesiredState {
  /** What of `payload_config` is not known here: a newer config-api may have written it. Its payloads become dead letters. */
  readonly notUnderstood?: string
}

/**
 * The state, or what is wrong with it. Of one whose `payload_config` alone is not known the socket is subscribed all the same: the
 * broker's session may have it already, and delivers what then would belong to nobody and be lost.
 */
export function followedState(value: unknown): FollowedState | { violations: ReturnType<typeof schema.violations> } {
  if (schema.check(value)) return value
  const violations = schema.violations(value, 3)
  if (typeof value !== 'object' || value === null || !('payload_config' in value)) return { violations }
  const { payload_config: config } = value
  const rest: unknown = { ...value, payload_config: hasSubtree(config) ? { subtree: true } : null }
  if (!schema.check(rest)) return { violations }
  const unknown = payloadConfig.violations(config, 3).map(({ pointer, detail }) => `${pointer}: ${detail}`)
  return { ...rest, notUnderstood: unknown.join('; ') }
}

/** Which topics are subscribed must stay, too. */
function hasSubtree(config: unknown): boolean {
  return typeof config === 'object' && config !== null && 'subtree' in config && config.subtree === true
}
