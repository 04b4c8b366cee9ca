import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadTarget } from './measure-load.ts'
import { type Committed, countReadings, type LedgerCount, type RunReadings } from './stored-readings.ts'

/** Compares once all are rows, or once nothing has come for long: what is missing then is lost. */
export async function countOnceDrained(
  { pool, estate, lostAfter }: Pick<LoadTarget, 'pool' | 'estate' | 'lostAfter'>,
  committed: () => Promise<Committed>,
  run: RunReadings,
): Promise<LedgerCount> {
  const all = Math.min(...run.end)
  let last = 0
  let lastChange = performance.now()
  const patient = (progress: number) => {
    if (progress !== last) lastChange = performance.now()
    last = progress
    return performance.now() - lastChange < lostAfter
  }
  // A database that does not answer is a failure, nothing to wait for.
  for (;;) {
    const { rounds, messages } = await committed()
    if (rounds >= all || !patient(messages)) break
    await sleep(50)
  }
  // The sampled sockets are there; some others may still be on their way.
  for (;;) {
    const count = await countReadings(pool, estate, run)
    if (count.lost <= 0 || !patient(count.rows)) return count
    await sleep(250)
  }
}
