import { expect, test } from 'vitest'
import { maxConnections } from './postgres.ts'

test('there are connections for as many writers as the flags allow, and for others beside them', () => {
  expect(maxConnections(1)).toBe(200)
  expect(maxConnections(32)).toBeGreaterThanOrEqual(32 * 7 + 100)
})
