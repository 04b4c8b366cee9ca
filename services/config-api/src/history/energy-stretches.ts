const HOUR = 3_600_000
/** Hours of sockets that one query reads: a second of Postgres, when it has other work too. */
const MAX_ROWS = 150_000

/** A part of a range, which queries of its own are about. */
export interface EnergyStretch {
  readonly from: Date
  readonly to: Date
  /** Whether it is the last of the range. */
  readonly last: boolean
}

/**
 * A range in stretches of whole hours, each short enough for a query; what was stored begins at `first` and is rolled up before
 * `open`. By time and not by socket: the hours of all sockets lie together in the table as they were rolled up, those of one
 * socket far apart.
 */
export function stretchesOf(
  { from, to }: { readonly from: Date; readonly to: Date },
  sockets: number,
  { first, open }: { readonly first: Date; readonly open: Date },
  maxRows = MAX_ROWS,
): EnergyStretch[] {
  const length = Math.max(1, Math.floor(maxRows / Math.max(1, sockets))) * HOUR
  // A stretch knows what was before it from rollups, so minutes without one are all in the last.
  const end = Math.min(to.getTime(), Math.floor(open.getTime() / HOUR) * HOUR)
  const starts = [from.getTime()]
  let next = Math.max(from.getTime(), Math.floor(first.getTime() / HOUR) * HOUR) + length
  for (; next < end; next += length) starts.push(next)
  const ends = [...starts.slice(1), to.getTime()]
  return starts.map((start, index) => ({
    from: new Date(start),
    to: new Date(ends[index] as number),
    last: index === starts.length - 1,
  }))
}
