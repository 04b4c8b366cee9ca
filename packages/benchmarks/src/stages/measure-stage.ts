import { median } from '../measure/percentiles.ts'

export interface StageResult {
  /** CPU microseconds of one operation in this process, median of the rounds. */
  readonly cpuMicroseconds: number
  /** Operations a second by the clock, median of the rounds; less than 1 / CPU on a busy machine. */
  readonly rate: number
}

export interface StageOptions {
  /** Milliseconds of one round. */
  readonly roundTime: number
  readonly rounds: number
}

/** Rounds before those that count: the compiler must have done its work. */
const WARM_UP_ROUNDS = 3

/** Runs an operation, `batch` of them a call, and answers what one costs. */
export async function measureStage(
  { roundTime, rounds }: StageOptions,
  batch: number,
  work: () => void | Promise<void>,
): Promise<StageResult> {
  const costs: number[] = []
  const rates: number[] = []
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const startedAt = performance.now()
    const before = process.cpuUsage()
    let operations = 0
    while (performance.now() - startedAt < roundTime) {
      await work()
      operations += batch
    }
    const { user, system } = process.cpuUsage(before)
    if (round < 0) continue
    costs.push((user + system) / operations)
    rates.push((operations * 1_000) / (performance.now() - startedAt))
  }
  return { cpuMicroseconds: median(costs), rate: median(rates) }
}
