import type { TopicPlace } from './topic-place.ts'

/** Two sockets in each other's way. Of an overlap, `socket` is the one below and `other` the one that takes its subtree. */
export interface PlaceConflict {
  readonly kind: 'same-topic' | 'subtree-overlap'
  readonly socket: TopicPlace
  readonly other: TopicPlace
}

/**
 * The conflicts among sockets. Whatever `channel` tells apart is none. Of many sockets with one topic each is reported with
 * the first, and a socket below several subtrees with the nearest: one each to act on, not all pairs.
 *
 * @param candidates Only conflicts of these are wanted, but then with every socket in their way.
 */
export function topicConflicts(places: readonly TopicPlace[], candidates?: ReadonlySet<TopicPlace>): PlaceConflict[] {
  const conflicts: PlaceConflict[] = []
  // Candidates first: the others are then reported with them.
  const ordered = candidates ? [...candidates, ...places.filter((place) => !candidates.has(place))] : places
  const wanted = (one: TopicPlace, other: TopicPlace) => !candidates || candidates.has(one) || candidates.has(other)
  const firstOf = new Map<string, TopicPlace>()
  const subtrees = new Map<string, TopicPlace>()
  const lengths = new Set<number>()
  for (const place of ordered) {
    const key = keyOf(place, place.topic)
    const first = firstOf.get(key)
    if (!first) firstOf.set(key, place)
    else if (wanted(first, place)) conflicts.push({ kind: 'same-topic', socket: first, other: place })
    if (place.subtree && !subtrees.has(key)) {
      subtrees.set(key, place)
      lengths.add(place.topic.length)
    }
  }
  if (subtrees.size === 0) return conflicts
  for (const place of ordered) {
    const { topic } = place
    for (let slash = topic.lastIndexOf('/'); slash > 0; slash = topic.lastIndexOf('/', slash - 1)) {
      // A hostile topic of 30,000 levels must not be cut 30,000 times.
      if (!lengths.has(slash)) continue
      const above = subtrees.get(keyOf(place, topic.slice(0, slash)))
      if (!above || !wanted(place, above)) continue
      conflicts.push({ kind: 'subtree-overlap', socket: place, other: above })
      if (!candidates) break
    }
  }
  return conflicts
}

function keyOf({ host, port, channel }: TopicPlace, topic: string): string {
  return `${host}\n${port}\n${channel === null ? '' : `=${channel}`}\n${topic}`
}
