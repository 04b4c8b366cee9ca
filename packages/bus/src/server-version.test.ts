import { expect, test } from 'vitest'
import { isAtLeast } from './server-version.ts'

test.each([
  ['2.9.10', '2.9.15', false],
  ['2.9.15', '2.9.15', true],
  ['2.10.0', '2.9.15', true],
  ['2.9.25', '2.10', false],
  ['2.10.27-RC.1', '2.10', true],
  ['3.0.0', '2.10', true],
  ['1.99.99', '2.10', false],
  ['', '2.10', false],
])('%s is at least %s: %s', (version, wanted, expected) => {
  expect(isAtLeast(version, wanted)).toBe(expected)
})
