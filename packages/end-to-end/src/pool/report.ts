import type { PoolResult } from './pool-run.ts'

/** Prints what each fault cost, as a table. */
export function report({ acknowledged, lost, duplicated, faults }: PoolResult): void {
  const line = (cells: readonly string[]) =>
    `${cells[0]?.padEnd(26)}${cells
      .slice(1)
      .map((cell) => cell.padStart(10))
      .join('')}`
  const rows = faults.map(({ fault, waited, takeovers }) =>
    line([fault, ...[waited.p50, waited.p99, waited.max].map((seconds) => seconds.toFixed(2)), String(takeovers)]),
  )
  const head = line(['seconds without a gateway', 'p50', 'p99', 'max', 'takeovers'])
  process.stdout.write(
    `${[head, ...rows].join('\n')}\n${acknowledged} acknowledged, ${lost} lost, ${duplicated} duplicated\n`,
  )
}
