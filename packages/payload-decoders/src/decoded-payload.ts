import type { DeadLetterReason } from '@iomt/contracts/dead-letter'
import type { Measurements } from '@iomt/contracts/measurements'

/** What a payload says, in canonical names and units. */
export interface DecodedReading {
  readonly measurements: Measurements
  readonly extra: Record<string, unknown>
  /** Doubts about the reading: `invalid:voltage`, `implausible:power_factor`, `clock-invalid`. */
  readonly quality: string[]
  /** The device's own clock, or null when it gave none that can be used. */
  readonly measuredAt: Date | null
  /** Name and version of the decoder: `flat-json@1`. */
  readonly decoder: string
}

/** Why a payload is no reading; goes to the dead-letter stream. */
export interface Rejection {
  readonly reason: DeadLetterReason
  readonly detail: string
}

export type DecodeResult =
  /** `rawJson`: the payload as published, as JSON text; what is not JSON by itself as a JSON string. */
  | { readonly ok: true; readonly reading: DecodedReading; readonly rawJson: string }
  | { readonly ok: false; readonly rejection: Rejection }

export interface DecodeContext {
  /** IANA zone for clocks that name none. */
  readonly timezone: string
  readonly receivedAt: Date
}
