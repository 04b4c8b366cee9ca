import type { DeadLetterReason } from '@iomt/contracts/dead-letter'
import type { Measurements } from '@iomt/contracts/measurements'

export type PhaseName = 'l1' | 'l2' | 'l3'
/** Values of single phases; totals are in the reading's `measurements`. */
export type Phases = { [Phase in PhaseName]?: Measurements }

/** What a payload says, in canonical names and units. */
export interface DecodedReading {
  readonly measurements: Measurements
  readonly phases: Phases | null
  readonly extra: Record<string, unknown>
  /**
   * Doubts about the reading: `invalid:voltage` (no number), `implausible:power_factor` (cannot be), `unit-ambiguous:current`
   * (left out, since its unit cannot be known), `ambiguous:…` (two values), `skewed` (values of different moments),
   * `clock-invalid`, `missing:…` (expected, but not in the message).
   */
  readonly quality: string[]
  /** The device's own clock, or null when it gave none that can be used. */
  readonly measuredAt: Date | null
  /** The message carried only what changed. */
  readonly partial: boolean
  /** Name and version of the decoder: `flat-json@1`. */
  readonly decoder: string
}

/** Why a payload is no reading; goes to the dead-letter stream. */
export interface Rejection {
  readonly reason: DeadLetterReason
  readonly detail: string
}

export type DecodeResult =
  /** `rawJson`: the payload as JSON text: taken over when it is JSON, text as a JSON string, binary as `{"base64": "…"}`. */
  | { readonly ok: true; readonly reading: DecodedReading; readonly rawJson: string }
  /** The device (or its last will) says that it is there or gone: no reading. */
  | { readonly ok: 'status'; readonly online: boolean; readonly decoder: string; readonly detail: string }
  /** A message that concerns another outlet, or an event without a value: neither a reading nor an error. */
  | { readonly ok: 'ignored'; readonly reason: IgnoredReason; readonly detail: string }
  | { readonly ok: false; readonly rejection: Rejection }

export type IgnoredReason = 'other-channel' | 'no-reading'

export interface DecodeContext {
  /** Where the message came from; helps where a payload has no names, and is never required. */
  readonly topic: string
  /** The part of the topic below the socket's own, for sockets with `subtree`. */
  readonly relativeTopic?: string
  readonly receivedAt: Date
}
