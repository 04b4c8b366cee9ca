import type { StreamClient } from './stream-client.ts'
import { filterKey, lookupOf, lookups, passes, type StreamFilter } from './stream-filter.ts'
import type { StreamReading } from './stream-reading.ts'

/** Clients with one and the same filter: they get the same bytes, in one write for all that came in one turn. */
interface Group {
  readonly filter: StreamFilter
  readonly clients: Set<StreamClient>
  pending: Buffer[]
}

/** The clients that are live, by what they want. */
export interface Audience {
  add(client: StreamClient, filter: StreamFilter): void
  remove(client: StreamClient): void
  /** Hands a reading to the groups that want it; it is written at the end of the turn. */
  deliver(reading: StreamReading): void
  /** To everybody, in order with the readings. */
  broadcast(event: Buffer): void
  /** Writes what waits for the end of the turn. */
  flush(): void
}

/** `onWritten` hears how many events went out in how many copies. */
export function createAudience(onWritten: (events: number) => void): Audience {
  const groups = new Map<string, Group>()
  const groupOf = new Map<StreamClient, Group>()
  const byLookup = new Map<string, Set<Group>>()
  const waiting = new Set<Group>()
  let scheduled = false

  function flush(): void {
    let events = 0
    for (const group of waiting) {
      const bytes = group.pending.length === 1 ? (group.pending[0] as Buffer) : Buffer.concat(group.pending)
      events += group.pending.length * group.clients.size
      group.pending = []
      // A client that is dropped here removes itself from the set it is in; iterating a Set allows that.
      for (const client of group.clients) client.write(bytes)
    }
    waiting.clear()
    onWritten(events)
  }

  function append(group: Group, event: Buffer): void {
    group.pending.push(event)
    waiting.add(group)
    if (scheduled) return
    scheduled = true
    // One packet from NATS brings many readings: written together they cost one system call a client, not one each.
    setImmediate(() => {
      scheduled = false
      flush()
    })
  }

  return {
    flush,
    add(client, filter) {
      const key = filterKey(filter)
      let group = groups.get(key)
      if (!group) {
        group = { filter, clients: new Set(), pending: [] }
        groups.set(key, group)
        const lookup = lookupOf(filter)
        byLookup.set(lookup, (byLookup.get(lookup) ?? new Set()).add(group))
      }
      group.clients.add(client)
      groupOf.set(client, group)
    },
    remove(client) {
      const group = groupOf.get(client)
      if (!group) return
      groupOf.delete(client)
      group.clients.delete(client)
      if (group.clients.size > 0) return
      groups.delete(filterKey(group.filter))
      waiting.delete(group)
      const lookup = lookupOf(group.filter)
      const siblings = byLookup.get(lookup)
      siblings?.delete(group)
      if (siblings?.size === 0) byLookup.delete(lookup)
    },
    deliver(reading) {
      for (const key of lookups(reading.message)) {
        for (const group of byLookup.get(key) ?? []) {
          if (passes(group.filter, reading.message)) append(group, reading.event(group.filter.measurements))
        }
      }
    },
    broadcast(event) {
      for (const group of groups.values()) append(group, event)
    },
  }
}
