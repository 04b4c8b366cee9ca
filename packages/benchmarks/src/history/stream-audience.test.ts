import { expect, test } from 'vitest'
import { clientsThatDiffer, eventsForEach } from './stream-audience.ts'

test('a client gets the readings of the socket that it follows, or all', () => {
  expect(eventsForEach(['everything', 0, 2, 2], [3, 5, 4])).toEqual([12, 3, 4, 4])
})

test("a client's double does not make up for what another one misses", () => {
  expect(clientsThatDiffer([12, 3, 4], [12, 3, 4])).toBe(0)
  expect(clientsThatDiffer([12, 3, 4], [12, 4, 3])).toBe(2)
  expect(clientsThatDiffer([12, 3, 4], [12, 3])).toBe(1)
})
