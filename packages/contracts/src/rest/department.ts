import { type Static, Type } from '@sinclair/typebox'
import { Code, Id } from '../codes.ts'
import { Name, ROW_FIELDS } from './fields.ts'
import { pageQuery } from './page.ts'

export const Department = Type.Object(
  { id: Id, organization_id: Id, code: Code, name: Name, ...ROW_FIELDS },
  { $id: 'Department', additionalProperties: false },
)
export type Department = Static<typeof Department>

export const DepartmentCreate = Type.Object(
  { organization_id: Id, code: Code, name: Name },
  {
    $id: 'DepartmentCreate',
    additionalProperties: false,
    examples: [{ organization_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10', code: 'icu', name: 'Intensive care unit' }],
  },
)
export type DepartmentCreate = Static<typeof DepartmentCreate>

/** A department never moves to another organization. */
export const DepartmentPatch = Type.Object(
  { code: Type.Optional(Code), name: Type.Optional(Name) },
  { $id: 'DepartmentPatch', additionalProperties: false, minProperties: 1, examples: [{ name: 'ICU, floor 3' }] },
)
export type DepartmentPatch = Static<typeof DepartmentPatch>

export const DepartmentQuery = pageQuery({ organization_id: Type.Optional(Id), code: Type.Optional(Code) })
export type DepartmentQuery = Static<typeof DepartmentQuery>
