/** Readings of one device can have arrived at this socket from `since` to `until` (`timestamp`); null: no bound. */
export interface Stay {
  readonly socketId: string
  readonly since: Date | null
  readonly until: Date | null
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Clocks of the database and of gateways differ, but hardly by an hour. */
const BEFORE = HOUR
/** A gateway that is cut off from NATS goes on with the device it knows. */
const AFTER = DAY

/**
 * Without these bounds the newest readings of a device would be searched for among all readings that its sockets had
 * before and after it: the index knows sockets, not devices. `known` are days with readings of the device by the rollups,
 * for readings from before the first assignment (imported ones); overlapping stays become one.
 */
export function staysOf(
  assigned: readonly { readonly socket_id: string; readonly assigned_at: Date; readonly unassigned_at: Date | null }[],
  known: readonly { readonly socket_id: string; readonly first_day: Date }[],
): Stay[] {
  const bySocket = Map.groupBy(assigned, ({ socket_id: socket }) => socket)
  return [...bySocket].flatMap(([socketId, assignments]) => {
    const intervals = assignments.map(({ assigned_at: from, unassigned_at: to }) => ({
      since: from.getTime() - BEFORE,
      until: to === null ? Number.POSITIVE_INFINITY : to.getTime() + AFTER,
    }))
    const first = known.find(({ socket_id: socket }) => socket === socketId)?.first_day.getTime()
    const earliest = Math.min(...intervals.map(({ since }) => since))
    if (first !== undefined && first - DAY < earliest) intervals.push({ since: first - DAY, until: earliest })
    return merge(intervals).map(({ since, until }) => ({
      socketId,
      since: new Date(since),
      until: Number.isFinite(until) ? new Date(until) : null,
    }))
  })
}

interface Interval {
  readonly since: number
  readonly until: number
}

function merge(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = []
  for (const interval of [...intervals].sort((one, other) => one.since - other.since)) {
    const last = merged.at(-1)
    if (last && interval.since <= last.until) {
      merged[merged.length - 1] = { since: last.since, until: Math.max(last.until, interval.until) }
    } else {
      merged.push(interval)
    }
  }
  return merged
}
