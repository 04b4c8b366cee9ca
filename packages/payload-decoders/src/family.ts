import type { PayloadFormat } from '@iomt/contracts/payload-config'
import { readDeviceClock } from './device-clock.ts'
import { type Draft, doubt, type Outcome } from './draft.ts'
import type { Message, Scope } from './message.ts'

/** A vendor's messages, or a general form of them: how they are recognised and read. */
export interface Family {
  readonly name: Exclude<PayloadFormat, 'auto' | 'mapping'>
  /** Goes up when the same message would be read differently: `tasmota@1`. */
  readonly version: number
  /** For a person: what makes a message one of this family. */
  readonly recognisedBy: string
  /**
   * Reads a message of this family; null when it is none. Begins with its cheap test, since it is asked for every message of a
   * socket that last sent this family. A message has one family: no two answer for the same one.
   */
  read(message: Message, scope: Scope): Outcome | null
}

export const decoderName = (family: Family): string => `${family.name}@${family.version}`

/** Sets the reading's time from the device's clock; one that cannot be is a doubt. */
export function putClock(draft: Draft, value: unknown, message: Message, scope: Scope): void {
  if (value === undefined || value === null) return
  const clock = readDeviceClock(value, scope.timezone, message.receivedAt)
  if (clock.kind === 'time') draft.measuredAt = clock.at
  else if (clock.kind === 'invalid') doubt(draft.quality, 'clock-invalid')
}
