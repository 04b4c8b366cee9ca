/** What a client of the stream follows: the socket at this place of the estate, or everything. */
export type Followed = number | 'everything'

/** Events for each client when each socket has published so many readings. */
export function eventsForEach(clients: readonly Followed[], published: readonly number[]): number[] {
  const all = published.reduce((sum, count) => sum + count, 0)
  return clients.map((followed) => (followed === 'everything' ? all : (published[followed] ?? 0)))
}

/** Clients that got more or less than what was for them: one's missing event must not be made up for by another's double. */
export const clientsThatDiffer = (expected: readonly number[], received: readonly number[]): number =>
  expected.filter((events, client) => received[client] !== events).length
