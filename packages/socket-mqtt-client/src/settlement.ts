import type { OnSettled } from './socket-config.ts'

/**
 * What becomes of a message that goes to one socket or to several with the same topic: `onSettled` is called once, when the last
 * of them has stored it or the first has failed to.
 *
 * @returns makes the callback of one receiver, of which only the first call counts.
 */
export function createSettlement(receivers: number, onSettled: (stored: boolean) => void): () => OnSettled {
  let missing = receivers
  let failed = false
  return () => {
    let called = false
    return (error) => {
      if (called || failed) return
      called = true
      missing -= 1
      failed = Boolean(error)
      if (failed || missing === 0) onSettled(!failed)
    }
  }
}
