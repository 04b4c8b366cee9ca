/**
 * A clock of microseconds that agrees with the wall clock of other processes on this machine. `Date.now` has milliseconds
 * only, and `performance.timeOrigin` is as old as the process: calibrate again before each measurement.
 *
 * @returns a function giving epoch milliseconds with a fraction.
 */
export function calibrateWallClock(): () => number {
  const before = Date.now()
  let edge = Date.now()
  // At most one millisecond.
  while (edge === before) edge = Date.now()
  const offset = edge - performance.now()
  return () => performance.now() + offset
}
