import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { createSocketDecoder, type SocketDecoder } from '@iomt/payload-decoders/socket-decoder'

/** Milliseconds for which the decoder of a silent socket is kept; one that left takes its memory with it then. */
const IDLE = 6 * 3_600_000
/** Decoders that may gather before those of silent sockets are looked for. */
const SWEEP_EVERY = 1_000

interface Held {
  readonly state: SocketDesiredState
  readonly decoder: SocketDecoder
  usedAt: number
}

/**
 * One decoder a socket, made anew when its configuration changes. What the old one had learnt from the socket's messages goes
 * over to the new one.
 */
export function createSocketDecoders(
  maxPayloadBytes: number,
): (state: SocketDesiredState, now: number) => SocketDecoder {
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
    const decoder = createSocketDecoder({ payloadConfig, timezone, specifications, maxPayloadBytes }, held?.decoder)
    bySocket.set(state.socket_id, { state, decoder, usedAt: now })
    return decoder
  }
}
