import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unstorablePart } from './plain-json.ts'

test('names the place of what cannot be stored', () => {
  expect(unstorablePart({ a: [{ b: 'x\u0000' }] })).toMatchObject({
    pointer: '/a/0/b',
    detail: expect.stringContaining('NUL'),
  })
  expect(unstorablePart({ 'a/b~c': '\ud800' })).toMatchObject({ pointer: '/a~1b~0c' })
  expect(unstorablePart({ '\u0000': 1 })).toMatchObject({ pointer: '' })
  expect(unstorablePart(JSON.parse('{"n":1e999}'))).toMatchObject({ pointer: '/n' })
})

test('a depth that would exhaust the stack is refused, not followed', () => {
  expect(unstorablePart(JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)))).toMatchObject({
    detail: expect.stringContaining('deeper than 16'),
  })
})

test('accepts exactly what comes through UTF-8 unharmed and without NUL', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const storable = Buffer.from(text).toString() === text && !text.includes('\u0000')
      expect(unstorablePart({ text }) === null).toBe(storable)
    }),
  )
})
