/** Milliseconds before attempt `attempt` (1, 2, …): doubles from 0.1 to 5 s, the upper half of it random. */
export function backoffDelay(attempt: number, random: () => number): number {
  const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt, 10))
  // Jitter, so that many writers do not all knock at the moment Postgres is back.
  return Math.max(100, ceiling * (0.5 + random() / 2))
}
