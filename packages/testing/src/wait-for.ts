import { setTimeout as sleep } from 'node:timers/promises'

/** What a condition may give while it does not hold yet. */
export type NotYet = false | undefined | null

/** How long to wait, how often to look, and the words for the error. */
export interface WaitForOptions {
  /** What is awaited, for the error message: `waited 10000 ms for ${what}`. */
  what: string
  /** Milliseconds until it gives up; default 10,000. */
  timeout?: number
  /** Milliseconds between two looks; default 25. */
  interval?: number
}

/**
 * Waits until the condition gives something other than false, undefined or null, and resolves with it (0 and '' count as
 * given). A condition that throws counts as "not yet". After the timeout the error says what was awaited, and its
 * `cause` is what the condition threw last.
 */
export async function waitFor<T>(
  condition: () => Promise<T | NotYet> | T | NotYet,
  { what, timeout = 10_000, interval = 25 }: WaitForOptions,
): Promise<T> {
  const deadline = performance.now() + timeout
  let lastError: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value !== false && value !== undefined && value !== null) return value
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() >= deadline) throw notMet(what, timeout, lastError)
    await sleep(interval)
  }
}

function notMet(what: string, timeout: number, lastError: unknown): Error {
  const reason = lastError instanceof Error ? `; last error: ${lastError.message}` : ''
  return new Error(`waited ${timeout} ms for ${what}${reason}`, { cause: lastError })
}
