import type { Measurements } from '@iomt/contracts/measurements'
import type { PayloadConfig } from '@iomt/contracts/payload-config'
import type { DecodeContext, Phases, Rejection } from './decoded-payload.ts'
import { compileMapping, type MappingProblem } from './mapping/compile-mapping.ts'
import { createSocketDecoder } from './socket-decoder.ts'
import { warningOf } from './warnings.ts'

export interface PreviewRequest {
  readonly payload: Uint8Array
  readonly topic: string
  readonly relativeTopic?: string
  readonly payloadConfig: PayloadConfig | null
  readonly timezone: string
  readonly specifications?: unknown
  readonly receivedAt: Date
}

/** What a message would become, in the field names of REST. */
export interface PayloadPreview {
  /** Null: the message is no reading; `rejection`, `availability` or `ignored` says what it is. */
  readonly reading: {
    readonly measurements: Measurements
    readonly phases: Phases | null
    readonly extra: Record<string, unknown>
    readonly quality: readonly string[]
    /** RFC 3339; null: the device gave no usable time, so the time of receipt would count. */
    readonly measured_at: string | null
    readonly partial: boolean
  } | null
  readonly decoder: string | null
  readonly explanation: readonly string[]
  /** What to look at before relying on it. */
  readonly warnings: readonly string[]
  readonly rejection: Rejection | null
  /** The device's availability, when that is all that the message says. */
  readonly availability: 'online' | 'offline' | null
  readonly ignored: string | null
  /** Why the mapping cannot be used; the pointers lead into it. */
  readonly mapping_problems: readonly MappingProblem[]
}

/** Decodes a message as a socket with this configuration would, and explains it. Pure: nothing is stored or remembered. */
export function previewPayload(request: PreviewRequest): PayloadPreview {
  const { payload, topic, relativeTopic, payloadConfig, timezone, specifications, receivedAt } = request
  const context: DecodeContext =
    relativeTopic === undefined ? { topic, receivedAt } : { topic, relativeTopic, receivedAt }
  const decoder = createSocketDecoder({ payloadConfig, timezone, specifications })
  const { reasons, decoder: name } = decoder.explain(payload, context)
  const result = decoder.decode(payload, context)
  const mapping = payloadConfig?.mapping ? compileMapping(payloadConfig.mapping) : null
  const preview: PayloadPreview = {
    reading: null,
    decoder: name,
    explanation: reasons,
    warnings: [],
    rejection: null,
    availability: null,
    ignored: null,
    mapping_problems: mapping?.ok === false ? mapping.problems : [],
  }
  switch (result.ok) {
    case false:
      return { ...preview, rejection: result.rejection }
    case 'status':
      return { ...preview, availability: result.online ? 'online' : 'offline' }
    case 'ignored':
      return { ...preview, ignored: result.detail }
    case true: {
      const { measurements, phases, extra, quality, measuredAt, partial } = result.reading
      const reading = { measurements, phases, extra, quality, measured_at: measuredAt?.toISOString() ?? null, partial }
      const empty = Object.keys(measurements).length === 0 && phases === null
      const nothing = empty ? ['the message has no measurement'] : []
      return { ...preview, reading, warnings: [...nothing, ...quality.map(warningOf)] }
    }
    default:
      return result
  }
}
