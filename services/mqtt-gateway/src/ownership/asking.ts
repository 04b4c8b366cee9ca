import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import { RETRY } from './lease-timing.ts'

/**
 * Questions about lives, and last words for them: one at a time for each life, and not again before {@link RETRY}.
 *
 * @returns asks; `onAnswered` is called after each answer, and once more when the same may be asked again.
 */
export function createAsking(clock: Clock, logger: Logger, onAnswered: () => void) {
  const asked = new Set<string>()
  return (life: string, question: () => Promise<void>): void => {
    if (asked.has(life)) return
    asked.add(life)
    question()
      .catch((error: unknown) => logger.debug({ err: error, life }, 'no answer about a member'))
      .finally(() => {
        onAnswered()
        clock.after(RETRY, () => {
          asked.delete(life)
          onAnswered()
        })
      })
      .catch(() => undefined)
  }
}
