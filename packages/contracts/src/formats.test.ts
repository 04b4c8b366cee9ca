import { FormatRegistry } from '@sinclair/typebox'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { registerFormats } from './formats.ts'

registerFormats()
const isUuid = (text: string) => FormatRegistry.Get('uuid')?.(text)

test('a uuid has 32 hexadecimal digits in five groups, in either case', () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      expect([isUuid(uuid), isUuid(uuid.toUpperCase())]).toEqual([true, true])
    }),
  )
})

test('a text that differs from one in any place is none', () => {
  const uuid = '0190a000-0000-7abc-8def-0000000000ff'
  fc.assert(
    fc.property(fc.nat(35), fc.constantFrom('g', '/', ':', '@', '`', ' ', 'é', '０', '_', ''), (at, other) => {
      expect(isUuid(uuid.slice(0, at) + other + uuid.slice(at + 1))).toBe(false)
    }),
  )
  for (const text of ['', `${uuid}0`, uuid.replaceAll('-', ''), `{${uuid}}`]) expect(isUuid(text)).toBe(false)
})
