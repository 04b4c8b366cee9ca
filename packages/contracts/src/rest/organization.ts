import { type Static, Type } from '@sinclair/typebox'
import { Code, Id } from '../codes.ts'
import { Name, ROW_FIELDS } from './fields.ts'
import { pageQuery } from './page.ts'

export const Organization = Type.Object(
  { id: Id, code: Code, name: Name, ...ROW_FIELDS },
  { $id: 'Organization', additionalProperties: false },
)
export type Organization = Static<typeof Organization>

export const OrganizationCreate = Type.Object(
  { code: Code, name: Name },
  { $id: 'OrganizationCreate', additionalProperties: false, examples: [{ code: 'hopt', name: 'Hopital Tang' }] },
)
export type OrganizationCreate = Static<typeof OrganizationCreate>

export const OrganizationPatch = Type.Partial(OrganizationCreate, {
  $id: 'OrganizationPatch',
  additionalProperties: false,
  minProperties: 1,
  examples: [{ name: 'Hopital Tang, campus 2' }],
})
export type OrganizationPatch = Static<typeof OrganizationPatch>

export const OrganizationQuery = pageQuery({ code: Type.Optional(Code) })
export type OrganizationQuery = Static<typeof OrganizationQuery>
