import { createSocketDecoder, type SocketDecoder } from '@iomt/payload-decoders/socket-decoder'
import type { FollowedState } from '../desired-state/followed-state.ts'

/** Milliseconds for which the decoder of a silent socket is kept; one that left takes its memory with it then. */
const IDLE = 6 * 3_600_000
/** Decoders that may gather before those of silent sockets are looked for. */
const SWEEP_EVERY = 1_000

interface Held {
  readonly state: FollowedState
  readonly decoder: SocketDecoder
  usedAt: number
}

/**
 * One decoder a socket, made anew when its configuration changes. What the old one had learnt from the socket's messages goes
 * over to the new one.
 */
export function createSocketDecoders(maxPayloadBytes: number): (state: FollowedState, now: number) => SocketDecoder {
  const bySocket = new Map<string, Held>()
  let sweepAt = SWEEP_EVERY

  function sweep(now: number): void {
    for (const [socketId, { usedAt }] of bySocket) if (now - usedAt > IDLE) bySocket.delete(socketId)
    sweepAt = bySocket.size + SWEEP_EVERY
  }

  return (state, now) => {
    const held = bySocket.get(state.socket_id)
    if (held?.state === state) {
      held.usedAt = now
      return held.decoder
    }
    if (bySocket.size >= sweepAt) sweep(now)
    const { payload_config: payloadConfig, timezone, specifications } = state
    const settings = { payloadConfig, timezone, specifications, maxPayloadBytes }
    const decoder = refusing(state, createSocketDecoder(settings, held?.decoder))
    bySocket.set(state.socket_id, { state, decoder, usedAt: now })
    return decoder
  }
}

/** Read without a setting that is not known, a payload could be a reading of another size; as a dead letter it can be replayed. */
function refusing({ notUnderstood }: FollowedState, decoder: SocketDecoder): SocketDecoder {
  if (notUnderstood === undefined) return decoder
  const detail = `this version of the gateway does not know the payload_config: ${notUnderstood}`
  return { ...decoder, decode: () => ({ ok: false, rejection: { reason: 'contract-violation', detail } }) }
}
