import { type Static, Type } from '@sinclair/typebox'
import { Id } from '../codes.ts'
import { PayloadConfig } from '../payload-config.ts'
import { Name, nullable, ROW_FIELDS } from './fields.ts'
import { pageQuery } from './page.ts'

const { channel: _channel, profile: _profile, ...SHARED_FIELDS } = PayloadConfig.properties

/** What sockets share: all of a `payload_config` but the outlet that is a socket's own, and no further profile. */
export const SharedPayloadConfig = Type.Object(SHARED_FIELDS, {
  $id: 'SharedPayloadConfig',
  additionalProperties: false,
})

const Description = Type.String({ minLength: 1, maxLength: 2_000 })

/** A named payload configuration; sockets of its organization refer to it by `payload_config.profile`. */
export const PayloadProfile = Type.Object(
  {
    id: Id,
    organization_id: Id,
    name: Name,
    description: nullable(Description),
    payload_config: SharedPayloadConfig,
    ...ROW_FIELDS,
  },
  { $id: 'PayloadProfile', additionalProperties: false },
)
export type PayloadProfile = Static<typeof PayloadProfile>

const ProfileName = Type.String({ minLength: 1, maxLength: 100, description: 'Unique in the organization' })

export const PayloadProfileCreate = Type.Object(
  {
    organization_id: Id,
    name: ProfileName,
    description: Type.Optional(nullable(Description)),
    payload_config: SharedPayloadConfig,
  },
  {
    $id: 'PayloadProfileCreate',
    additionalProperties: false,
    examples: [
      {
        organization_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
        name: 'Modbus gateway, kW',
        payload_config: { mapping: { measurements: { active_power: { pointer: '/meter/kw', unit: 'kW' } } } },
      },
    ],
  },
)
export type PayloadProfileCreate = Static<typeof PayloadProfileCreate>

/** A profile never moves to another organization. `payload_config` is replaced when given, for every socket that refers to it. */
export const PayloadProfilePatch = Type.Object(
  {
    name: Type.Optional(ProfileName),
    description: Type.Optional(nullable(Description)),
    payload_config: Type.Optional(SharedPayloadConfig),
  },
  {
    $id: 'PayloadProfilePatch',
    additionalProperties: false,
    minProperties: 1,
    examples: [{ payload_config: { format: 'tasmota' } }],
  },
)
export type PayloadProfilePatch = Static<typeof PayloadProfilePatch>

export const PayloadProfileQuery = pageQuery({
  organization_id: Type.Optional(Id),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
})
export type PayloadProfileQuery = Static<typeof PayloadProfileQuery>
