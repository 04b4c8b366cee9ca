import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { DecodeResult } from '@iomt/payload-decoders/decoded-payload'
import { createSocketDecoder, type SocketDecoder } from '@iomt/payload-decoders/socket-decoder'
import type { ReplayProgress } from './replay-store.ts'

/** Decodes old messages of some sockets with the configuration that these have now, in the order they came. */
export interface SocketRedecoder {
  state(socketId: string): SocketDesiredState | null
  /** Counts what it is; a reading, or null. `topic` null: it is not known, the socket's own is taken. */
  decode(
    socketId: string,
    payload: Uint8Array,
    message: { topic: string | null; receivedAt: Date },
  ): Extract<DecodeResult, { ok: true }> | null
}

export function createSocketRedecoder(
  states: ReadonlyMap<string, SocketDesiredState>,
  progress: ReplayProgress,
): SocketRedecoder {
  const decoders = new Map<string, SocketDecoder>()
  return {
    state: (socketId) => states.get(socketId) ?? null,
    decode(socketId, payload, { topic: given, receivedAt }) {
      const state = states.get(socketId)
      if (!state) return null
      const { payload_config: payloadConfig, timezone, specifications } = state
      let decoder = decoders.get(socketId)
      if (!decoder) {
        decoder = createSocketDecoder({ payloadConfig, timezone, specifications })
        decoders.set(socketId, decoder)
      }
      const topic = given ?? state.topic ?? ''
      const relative =
        state.topic !== null && topic.startsWith(`${state.topic}/`) ? topic.slice(state.topic.length + 1) : null
      const context = { topic, receivedAt, ...(relative === null ? {} : { relativeTopic: relative }) }
      const result = decoder.decode(payload, context)
      if (result.ok === true) {
        progress.decoded += 1
        return result
      }
      if (result.ok === false) countFailure(progress, result.rejection.reason)
      else progress.skipped += 1
      return null
    },
  }
}

export function countFailure(progress: ReplayProgress, reason: string): void {
  progress.failed += 1
  progress.reasons[reason] = (progress.reasons[reason] ?? 0) + 1
}
