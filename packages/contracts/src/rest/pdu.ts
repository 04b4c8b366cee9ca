import { type Static, Type } from '@sinclair/typebox'
import { Code, Id } from '../codes.ts'
import { BROKER_EXAMPLE, BROKER_INPUT_FIELDS, BROKER_VIEW_FIELDS } from './broker-block.ts'
import { Document, Name, nullable, ROW_FIELDS } from './fields.ts'
import { pageQuery } from './page.ts'

const BaseTopic = Type.String({
  minLength: 1,
  maxLength: 255,
  description: 'First part of the topic of its sockets: no wildcard, no empty level, no slash at either end',
  examples: ['hopt/tang3/pkt'],
})
const TimeZone = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'IANA name, for device clocks without a zone',
  examples: ['Asia/Ho_Chi_Minh', 'UTC'],
})

const SETTABLE_FIELDS = {
  department_id: Type.Optional(nullable(Id)),
  location: Type.Optional(Document),
  specifications: Type.Optional(Document),
  timezone: Type.Optional(TimeZone),
  mqtt_base_topic: Type.Optional(nullable(BaseTopic)),
  ...BROKER_INPUT_FIELDS,
}

/** Its broker block is what sockets without a `mqtt_broker_host` of their own inherit. */
export const Pdu = Type.Object(
  {
    id: Id,
    organization_id: Id,
    department_id: nullable(Id),
    code: Code,
    name: Name,
    location: Document,
    specifications: Document,
    timezone: TimeZone,
    mqtt_base_topic: nullable(Type.String()),
    ...BROKER_VIEW_FIELDS,
    ...ROW_FIELDS,
  },
  { $id: 'Pdu', additionalProperties: false },
)
export type Pdu = Static<typeof Pdu>

export const PduCreate = Type.Object(
  { organization_id: Id, code: Code, name: Name, ...SETTABLE_FIELDS },
  {
    $id: 'PduCreate',
    additionalProperties: false,
    examples: [
      {
        organization_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
        code: 'pdu-3',
        name: 'Tang 3, corridor',
        location: { building: 'A', floor: 3 },
        timezone: 'Asia/Ho_Chi_Minh',
        mqtt_base_topic: 'hopt/tang3/pkt',
        ...BROKER_EXAMPLE,
      },
    ],
  },
)
export type PduCreate = Static<typeof PduCreate>

/** A PDU never moves to another organization. `location`, `specifications` and `mqtt_config` are replaced when given. */
export const PduPatch = Type.Object(
  { code: Type.Optional(Code), name: Type.Optional(Name), ...SETTABLE_FIELDS },
  { $id: 'PduPatch', additionalProperties: false, minProperties: 1, examples: [{ mqtt_base_topic: 'hopt/tang4/pkt' }] },
)
export type PduPatch = Static<typeof PduPatch>

export const PduQuery = pageQuery({
  organization_id: Type.Optional(Id),
  department_id: Type.Optional(Id),
  code: Type.Optional(Code),
})
export type PduQuery = Static<typeof PduQuery>
