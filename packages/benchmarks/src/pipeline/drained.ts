import { waitFor } from '@iomt/testing/wait-for'
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
  await waitFor(
    async () => {
      const { rounds, messages } = await committed()
      return rounds >= all || !patient(messages)
    },
    { what: 'the pipeline to drain', timeout: 3_600_000, interval: 50 },
  )
  // The sampled sockets are there; some others may still be on their way.
  return await waitFor(
    async () => {
      const count = await countReadings(pool, estate, run)
      return (count.lost <= 0 || !patient(count.rows)) && count
    },
    { what: 'the last readings', timeout: 3_600_000, interval: 250 },
  )
}
