/**
 * Which message waits for an answer on which reply subject, by the subject's number; so many at a time as there are numbers.
 *
 * Numbers are used again: the server remembers where a subject leads, and one that is new with every message costs it 1 to 2 µs of
 * 12. And this is an array, since a Map that is added to and deleted from without end makes itself a new table every few
 * hundred times, each remembered by the one before: once the collector took one for old, it kept all that came after, with
 * every message in them, until the next full collection.
 */
export interface ReplyNumbers<Waiting> {
  /** @returns its number; call only while some are free. */
  take(waiting: Waiting): number
  /** Undefined when nothing waits for an answer with this number, or not any more. */
  get(number: number): Waiting | undefined
  /** `again`: nothing more can be answered with this number. */
  release(number: number, again: boolean): void
  all(): ReadonlyArray<readonly [number: number, waiting: Waiting]>
  readonly free: number
}

export function createReplyNumbers<Waiting>(count: number): ReplyNumbers<Waiting> {
  // A number that must not be used again is followed, in the same place, by one that is greater by `count`.
  const numbers = Array.from({ length: count }, (_, place) => place)
  const places: Array<Waiting | undefined> = numbers.map(() => undefined)
  // Taken from the end: the lowest are used most.
  const free = numbers.toReversed()

  function get(number: number): Waiting | undefined {
    const place = number % count
    return numbers[place] === number ? places[place] : undefined
  }

  return {
    take(waiting) {
      const number = free.pop()
      if (number === undefined) throw new RangeError('no number is free')
      places[number % count] = waiting
      return number
    },
    get,
    release(number, again) {
      if (get(number) === undefined) return
      const place = number % count
      const next = again ? number : number + count
      places[place] = undefined
      numbers[place] = next
      free.push(next)
    },
    all: () =>
      places.flatMap((waiting, place) => (waiting === undefined ? [] : [[numbers[place] as number, waiting] as const])),
    get free() {
      return free.length
    },
  }
}
