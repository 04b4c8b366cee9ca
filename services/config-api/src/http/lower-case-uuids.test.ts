import { Id } from '@iomt/contracts/codes'
import { nullable } from '@iomt/contracts/rest/fields'
import { Type } from '@sinclair/typebox'
import { expect, test } from 'vitest'
import { lowerCaseUuids } from './lower-case-uuids.ts'

const UPPER = '0193A1B2-0000-7000-8000-00000000ABCD'
const LOWER = UPPER.toLowerCase()

test('UUIDs become lower case wherever the schema has them, and nothing else does', () => {
  const schema = Type.Object({
    id: Id,
    parent_id: Type.Optional(nullable(Id)),
    name: Type.String(),
    inside: Type.Object({ ids: Type.Array(Id), reference: Type.Union([Id, Type.String()]) }),
  })
  const change = lowerCaseUuids(schema)
  const value = { id: UPPER, name: UPPER, inside: { ids: [UPPER], reference: 'Modbus' } }
  expect(change?.(value)).toEqual({ id: LOWER, name: UPPER, inside: { ids: [LOWER], reference: 'Modbus' } })
  expect(change?.({ ...value, parent_id: UPPER })).toMatchObject({ parent_id: LOWER })
  expect(change?.({ ...value, parent_id: null })).toMatchObject({ parent_id: null })
  expect(Object.keys(change?.({ ...value }) as object)).not.toContain('parent_id')
})

test('a schema without UUIDs costs nothing', () => {
  expect(lowerCaseUuids(Type.Object({ name: Type.String(), limit: Type.Optional(Type.Integer()) }))).toBeNull()
})
