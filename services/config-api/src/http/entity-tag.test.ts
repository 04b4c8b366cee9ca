import { expect, test } from 'vitest'
import { entityTag, expectedVersions } from './entity-tag.ts'

test('If-Match names versions; * and nothing match any', () => {
  expect(expectedVersions(undefined)).toBeNull()
  expect(expectedVersions('*')).toBeNull()
  expect(expectedVersions(entityTag(3))).toEqual([3])
  expect(expectedVersions('"1", "2"')).toEqual([1, 2])
})

test('weak and foreign tags match nothing (RFC 9110 13.1.1)', () => {
  expect(expectedVersions('W/"3"')).toEqual([])
  expect(expectedVersions('"abc"')).toEqual([])
})

test.each(['3', '', '"3', '"3" "4"', 'w/"3"', ',"3"'])('%j is malformed', (header) => {
  expect(() => expectedVersions(header)).toThrow(/ETag/)
})
