import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

export interface RenumberedRedeliveriesOptions {
  /** The payload of the newest reading that the stream holds on this subject, null when there is none. */
  readonly lastStored: (subject: string) => Promise<{ readonly raw: unknown } | null>
  /** Milliseconds in which a broker delivers again what was on its way to one socket. */
  readonly gather?: number
}

/** A reading that has to wait. */
interface WaitingReading {
  readonly socketId: string
  /** Where it is stored. */
  readonly subject: string
  /** Its payload as JSON. */
  readonly rawJson: string
  /** False for what is new and came behind redeliveries. */
  readonly renumbered: boolean
  /** Called once: with whether the stream holds it already, or with why nobody knows. */
  readonly onKnown: (error: Error | null, stored: boolean) => void
}

/**
 * Redeliveries under another packet id than before, as RabbitMQ sends them: their keys are new, so that the stream cannot
 * recognise them. But a broker delivers again in the order in which it delivered before, and readings are stored in this order: the
 * newest one that is stored is among those that come again, and then all up to it are stored, or it is not, and then none is. Of several
 * with its payload it is taken for the first: rather one of them twice than one lost.
 */
export interface RenumberedRedeliveries {
  /** Whether readings of this socket have to wait for those before them. */
  holds(socketId: string): boolean
  add(reading: WaitingReading): void
}

export function createRenumberedRedeliveries(options: RenumberedRedeliveriesOptions): RenumberedRedeliveries {
  const { lastStored, gather = 250 } = options
  const runs = new Map<string, WaitingReading[]>()

  async function settle(socketId: string, subject: string, run: readonly WaitingReading[]): Promise<void> {
    await sleep(gather)
    let stored = -1
    let failure: Error | null = null
    try {
      const last = await lastStored(subject)
      stored = last === null ? -1 : run.findIndex((reading) => reading.renumbered && isSame(reading, last.raw))
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    runs.delete(socketId)
    for (const [index, { renumbered, onKnown }] of run.entries()) onKnown(failure, renumbered && index <= stored)
  }

  return {
    holds: (socketId) => runs.size > 0 && runs.has(socketId),
    add(reading) {
      const { socketId, subject } = reading
      const run = runs.get(socketId)
      if (run) {
        run.push(reading)
        return
      }
      const begun = [reading]
      runs.set(socketId, begun)
      void settle(socketId, subject, begun)
    },
  }
}

const isSame = ({ rawJson }: WaitingReading, raw: unknown) => isDeepStrictEqual(JSON.parse(rawJson), raw)
