import type { Measurements } from '@iomt/contracts/measurements'
import type { PayloadConfig } from '@iomt/contracts/payload-config'
import type { DecodeResult, Phases } from '../decoded-payload.ts'
import { createSocketDecoder } from '../socket-decoder.ts'

/** A message and the whole reading that it is; what is left out is empty. */
export interface ReadingCase {
  readonly what: string
  /** Text, or what is sent as JSON. */
  readonly payload: unknown
  readonly decoder?: string
  readonly measurements: Measurements
  readonly phases?: Phases
  /** What must be in `extra`, perhaps among other things. */
  readonly extra?: Record<string, unknown>
  readonly quality?: readonly string[]
  readonly partial?: boolean
  readonly topic?: string
  readonly config?: PayloadConfig
  readonly specifications?: unknown
  readonly measuredAt?: string
}

const receivedAt = new Date('2026-11-23T09:00:00.123Z')

/** What a fresh decoder makes of a case's message. */
export function decodeCase({ payload, topic = 'ward/socket1', config, specifications }: ReadingCase): DecodeResult {
  const decoder = createSocketDecoder({ payloadConfig: config ?? null, timezone: 'UTC', specifications })
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return decoder.decode(Buffer.from(text), { topic, receivedAt })
}

/** The reading that a case describes, as far as it does. */
export function readingOf(one: ReadingCase) {
  return {
    measurements: one.measurements,
    phases: one.phases ?? null,
    extra: one.extra ?? {},
    quality: one.quality ?? [],
    partial: one.partial ?? false,
    ...(one.measuredAt === undefined ? {} : { measuredAt: new Date(one.measuredAt) }),
    ...(one.decoder === undefined ? {} : { decoder: one.decoder }),
  }
}
