import { type Static, Type } from '@sinclair/typebox'
import { Id } from '../codes.ts'
import { Label, Name, nullable, ROW_FIELDS } from './fields.ts'
import { pageQuery } from './page.ts'

const DESCRIPTION_FIELDS = {
  serial_number: nullable(Label),
  asset_tag: nullable(Label),
  device_type: nullable(Label),
  manufacturer: nullable(Label),
  model: nullable(Label),
}

export const Device = Type.Object(
  { id: Id, organization_id: Id, name: Name, ...DESCRIPTION_FIELDS, ...ROW_FIELDS },
  { $id: 'Device', additionalProperties: false },
)
export type Device = Static<typeof Device>

export const DeviceCreate = Type.Object(
  { organization_id: Id, name: Name, ...Type.Partial(Type.Object(DESCRIPTION_FIELDS)).properties },
  {
    $id: 'DeviceCreate',
    additionalProperties: false,
    examples: [
      {
        organization_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
        name: 'Infusion pump 12',
        asset_tag: 'HT-004711',
        device_type: 'infusion-pump',
      },
    ],
  },
)
export type DeviceCreate = Static<typeof DeviceCreate>

/** A device never moves to another organization: its history would move with it. */
export const DevicePatch = Type.Object(
  { name: Type.Optional(Name), ...Type.Partial(Type.Object(DESCRIPTION_FIELDS)).properties },
  { $id: 'DevicePatch', additionalProperties: false, minProperties: 1, examples: [{ asset_tag: 'HT-004712' }] },
)
export type DevicePatch = Static<typeof DevicePatch>

export const DeviceQuery = pageQuery({
  organization_id: Type.Optional(Id),
  device_type: Type.Optional(Label),
  serial_number: Type.Optional(Label),
  asset_tag: Type.Optional(Label),
  assigned: Type.Optional(Type.Boolean({ description: 'Whether it is on a socket' })),
})
export type DeviceQuery = Static<typeof DeviceQuery>
