import type { TelemetryStreamGap } from '@iomt/contracts/rest/telemetry-stream'

/** What a stream holds: from its first to its last sequence; an empty one has `first` = `last` + 1, a new one both 0. */
export interface StreamExtent {
  readonly first: number
  readonly last: number
}

/** Where reading goes on after `sequence`, and what is gone in between. */
export function resumePoint(
  sequence: number,
  { first, last }: StreamExtent,
): { readonly next: number; readonly gap: TelemetryStreamGap | null } {
  // An id that the stream has not reached is of another one, which had its name before.
  if (sequence > last) return { next: Math.max(1, first), gap: { from: sequence + 1, to: null, reason: 'restarted' } }
  if (sequence + 1 >= first) return { next: sequence + 1, gap: null }
  return { next: first, gap: { from: sequence + 1, to: first - 1, reason: 'expired' } }
}
