import { type Static, Type } from '@sinclair/typebox'
import { Id } from '../codes.ts'
import { PayloadConfig } from '../payload-config.ts'
import { BrokerHost, BrokerPort } from './broker-block.ts'
import { nullable } from './fields.ts'
import { pageQuery } from './page.ts'

/** Longer than any topic may be, so that a topic that is too long is answered as such and not as a wrong request. */
const TopicText = Type.String({ maxLength: 70_000 })

/** `POST /topics/check`: a topic as a whole or in its parts; parts that are left out are those of the socket or PDU. */
export const TopicCheck = Type.Object(
  {
    topic: Type.Optional(TopicText),
    mqtt_base_topic: Type.Optional(TopicText),
    mqtt_topic_suffix: Type.Optional(TopicText),
    mqtt_broker_host: Type.Optional(BrokerHost),
    mqtt_broker_port: Type.Optional(BrokerPort),
    pdu_id: Type.Optional(Id),
    socket_id: Type.Optional({ ...Id, description: 'The socket that has or gets the topic: not compared with itself' }),
    payload_config: Type.Optional(PayloadConfig),
  },
  {
    $id: 'TopicCheck',
    additionalProperties: false,
    minProperties: 1,
    examples: [
      {
        mqtt_base_topic: 'hopt/tang3/pkt',
        mqtt_topic_suffix: 'socket1',
        mqtt_broker_host: 'broker.hospital.example',
        mqtt_broker_port: 1883,
      },
    ],
  },
)
export type TopicCheck = Static<typeof TopicCheck>

export const TopicConflictKind = Type.Union(
  [Type.Literal('same-topic'), Type.Literal('subtree-overlap'), Type.Literal('client-id')],
  {
    description:
      'same-topic: two enabled sockets on one broker and nothing tells them apart; subtree-overlap: the topic of one lies below the topic of another that takes its whole subtree; client-id: two connections of one partition would use the same MQTT client id',
  },
)
export type TopicConflictKind = Static<typeof TopicConflictKind>

const FIELDS_OF_SOCKET = {
  socket_id: nullable(Id),
  socket_number: nullable(Type.Integer()),
  pdu_id: nullable(Id),
  pdu_code: nullable(Type.String()),
  topic: nullable(Type.String()),
}
const EXPLANATION = {
  detail: Type.String({ description: 'What is in conflict' }),
  what_to_do: Type.String(),
}

/** The socket that is in the way. All its fields are null when it belongs to an organization that is not the caller's. */
export const TopicConflict = Type.Object(
  { kind: TopicConflictKind, ...FIELDS_OF_SOCKET, ...EXPLANATION },
  { $id: 'TopicConflict', additionalProperties: false },
)
export type TopicConflict = Static<typeof TopicConflict>

const TopicProblem = Type.Object({ pointer: Type.String(), detail: Type.String() }, { additionalProperties: false })
export type TopicProblem = Static<typeof TopicProblem>

/** Answer of `POST /topics/check`. `valid` is false when there is a problem or a conflict. */
export const TopicCheckResult = Type.Object(
  {
    topic: nullable(Type.String()),
    broker: nullable(Type.String({ description: 'Where conflicts were looked for; null: no broker is known' })),
    valid: Type.Boolean(),
    problems: Type.Array(TopicProblem),
    conflicts: Type.Array(TopicConflict),
  },
  { $id: 'TopicCheckResult', additionalProperties: false },
)
export type TopicCheckResult = Static<typeof TopicCheckResult>

/** An item of `GET /topics/conflicts`: one pair of sockets. */
export const EstateTopicConflict = Type.Object(
  {
    kind: TopicConflictKind,
    broker: Type.String({ examples: ['broker.hospital.example:1883'] }),
    ...FIELDS_OF_SOCKET,
    other: nullable(
      Type.Object(FIELDS_OF_SOCKET, {
        additionalProperties: false,
        description: 'Null when it belongs to another organization',
      }),
    ),
    ...EXPLANATION,
  },
  { $id: 'EstateTopicConflict', additionalProperties: false },
)
export type EstateTopicConflict = Static<typeof EstateTopicConflict>

export const TopicConflictQuery = pageQuery({ organization_id: Type.Optional(Id), pdu_id: Type.Optional(Id) })
export type TopicConflictQuery = Static<typeof TopicConflictQuery>

const Template = Type.String({
  minLength: 1,
  maxLength: 500,
  description:
    'Levels with placeholders: organization, department, pdu (codes), pdu_name, any key of `location`, and for sockets number (`{number:02}` pads) and name',
})

/** `POST /pdus/:id/topics/generate` */
export const TopicGenerate = Type.Object(
  {
    base_template: Type.Optional(
      nullable({
        ...Template,
        default: '{organization}/{department}/{building}/{floor}/{pdu}',
        examples: ['{organization}/{department}/{building}/{floor}/{pdu}'],
      }),
    ),
    suffix_template: Type.Optional(
      nullable({ ...Template, default: 'socket{number}', examples: ['socket{number:02}'] }),
    ),
    missing: Type.Optional(
      Type.Union([Type.Literal('leave-out'), Type.Literal('refuse')], {
        default: 'leave-out',
        description: 'What becomes of a level whose value is not there',
      }),
    ),
    apply: Type.Optional(Type.Boolean({ default: false, description: 'False: only show what it would be' })),
  },
  {
    $id: 'TopicGenerate',
    additionalProperties: false,
    examples: [{ base_template: '{organization}/{department}/{floor}/{pdu}', suffix_template: 'socket{number:02}' }],
  },
)
export type TopicGenerate = Static<typeof TopicGenerate>

const Generated = {
  current: nullable(Type.String()),
  generated: nullable(Type.String()),
  left_out: Type.Array(Type.String(), { description: 'Placeholders that have no value here' }),
  problems: Type.Array(TopicProblem),
}

/** Answer of `POST /pdus/:id/topics/generate`. */
export const TopicGeneration = Type.Object(
  {
    pdu_id: Id,
    pdu_version: Type.Integer(),
    applied: Type.Boolean(),
    valid: Type.Boolean({ description: 'No problem and no conflict: it can be applied' }),
    mqtt_base_topic: Type.Object(Generated, { additionalProperties: false }),
    sockets: Type.Array(
      Type.Object(
        {
          socket_id: Id,
          socket_number: Type.Integer(),
          mqtt_topic_suffix: Type.Object(Generated, { additionalProperties: false }),
          current_topic: nullable(Type.String()),
          topic: nullable(Type.String({ description: 'What the topic becomes' })),
          changed: Type.Boolean(),
          conflicts: Type.Array(TopicConflict),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { $id: 'TopicGeneration', additionalProperties: false },
)
export type TopicGeneration = Static<typeof TopicGeneration>
