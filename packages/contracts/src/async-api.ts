import type { TLiteral, TSchema, TUnion } from '@sinclair/typebox'
import { openSchema } from './compile-message.ts'
import { ConfigEvent } from './config-event.ts'
import { DeadLetterMessage } from './dead-letter.ts'
import { RebalanceReceipt } from './rebalance-receipt.ts'
import { SocketStatusEvent } from './socket-status.ts'
import {
  CONFIG_STREAM,
  DEAD_LETTER_STREAM,
  GATEWAY_STREAM,
  STATUS_STREAM,
  type StreamDefinition,
  TELEMETRY_STREAM,
} from './streams.ts'
import {
  type ConfigAction,
  type ConfigEntity,
  configSubject,
  type DeadLetterStage,
  deadLetterSubject,
  rebalanceSubject,
  type SocketPlace,
  statusSubject,
  telemetrySubject,
} from './subjects.ts'
import { TelemetryMessage } from './telemetry-message.ts'

type Json = { readonly [name: string]: unknown }

/** Messages of one kind: where they are published, and what they say. */
interface Channel {
  readonly name: string
  readonly address: string
  readonly title: string
  readonly description: string
  readonly stream: StreamDefinition
  readonly message: TSchema
  readonly example?: Json
}

/** What the subjects' builders make of names of parameters instead of values. */
const PLACE = {
  organization_code: '{organization}',
  department_code: '{department}',
  pdu_code: '{pdu}',
  socket_number: '{socket_number}' as unknown as number,
} satisfies SocketPlace

const literalsOf = ({ anyOf }: TUnion<TLiteral[]>) => anyOf.map((literal) => literal.const)

const PARAMETERS: Readonly<Record<string, Json>> = {
  organization: { description: 'Code of the organization', examples: ['hopt'] },
  department: { description: 'Code of the department, `_` when the PDU belongs to none', examples: ['icu'] },
  pdu: { description: 'Code of the PDU', examples: ['tang3'] },
  socket_number: { description: "The socket's number on its PDU", examples: ['1'] },
  device_id: { description: 'Id of the device that is plugged in, `_` for none' },
  stage: {
    description: 'Where it failed: understanding the payload, or storing the reading',
    enum: literalsOf(DeadLetterMessage.properties.stage),
  },
  entity: {
    description: 'Kind of the resource',
    enum: literalsOf(ConfigEvent.properties.entity),
  },
  action: { description: 'What was done', enum: literalsOf(ConfigEvent.properties.action) },
  id: { description: 'Id of the resource' },
  gateway: { description: 'Id of the gateway that took the partition' },
}

const READING = {
  v: 1,
  id: '019aae7c-6e7b-7000-8f3a-5d1c2b4a6978',
  socket_id: '019aae70-0000-7000-8000-000000000001',
  socket_number: 1,
  pdu_id: '019aae70-0000-7000-8000-000000000002',
  organization_id: '019aae70-0000-7000-8000-000000000003',
  department_id: '019aae70-0000-7000-8000-000000000004',
  device_id: '019aae70-0000-7000-8000-000000000005',
  topic: 'hopt/tang3/pkt/socket1',
  received_at: '2026-11-23T09:00:00.123Z',
  measured_at: '2026-11-23T09:00:00.000Z',
  measured_at_source: 'device',
  retained: false,
  qos: 1,
  measurements: { voltage: 220.5, current: 2.3, active_power: 507.15 },
  extra: {},
  quality: [],
  decoder: 'flat-json@1',
  raw: { voltage: 220.5, current: 2.3, power: 507.15 },
} satisfies TelemetryMessage

const CHANNELS: readonly Channel[] = [
  {
    name: 'telemetry',
    address: telemetrySubject(PLACE, '{device_id}'),
    title: 'Readings',
    description:
      'One message a reading, once each while the stream remembers its id. `iomt.v1.telemetry.hopt.icu.>` follows a ward, `iomt.v1.telemetry.*.*.*.*.<device id>` a device wherever it is plugged in.',
    stream: TELEMETRY_STREAM,
    message: TelemetryMessage,
    example: READING,
  },
  {
    name: 'status',
    address: statusSubject(PLACE),
    title: 'Connection status of sockets',
    description: 'Published when the name of a status or its reason changes.',
    stream: STATUS_STREAM,
    message: SocketStatusEvent,
  },
  {
    name: 'deadletter',
    address: deadLetterSubject('{stage}' as DeadLetterStage, PLACE),
    title: 'What could not be understood or stored',
    description: 'With its bytes and the reason. Can be replayed once the reason is gone: `POST /replays`.',
    stream: DEAD_LETTER_STREAM,
    message: DeadLetterMessage,
  },
  {
    name: 'config',
    address: configSubject('{entity}' as ConfigEntity, '{action}' as ConfigAction, '{id}'),
    title: 'Changes of the configuration',
    description: 'Events of one resource may arrive out of order: keep the highest `version`.',
    stream: CONFIG_STREAM,
    message: ConfigEvent,
  },
  {
    name: 'rebalance',
    address: rebalanceSubject('{gateway}'),
    title: 'Rebalances of the gateway pool',
    description: 'What each change of owner of a partition cost.',
    stream: GATEWAY_STREAM,
    message: RebalanceReceipt,
  },
]

/** All that is published on NATS for others, as an AsyncAPI 3.0 document made from the schemas that the services check against. */
export function asyncApiDocument(version: string): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'IoMT socket telemetry on NATS',
      version,
      description:
        'Subjects, streams and messages for systems that subscribe. Each stream can be read from any time it still holds by a consumer of JetStream, or followed with a plain subscription. Fields may be added to messages: ignore those that you do not know.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(CHANNELS.map((channel) => [channel.name, channelObject(channel)])),
    operations: Object.fromEntries(CHANNELS.map((channel) => [`publish-${channel.name}`, operationObject(channel)])),
    components: {
      messages: Object.fromEntries(CHANNELS.map((channel) => [nameOf(channel), messageObject(channel)])),
      schemas: Object.fromEntries(
        CHANNELS.map((channel) => [nameOf(channel), plainSchema(openSchema(channel.message))]),
      ),
    },
  }
}

const nameOf = ({ message }: Channel) => message.$id as string

function channelObject(channel: Channel): Json {
  const names = [...channel.address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)
  return {
    address: channel.address,
    title: channel.title,
    description: `${channel.description} JetStream stream \`${channel.stream.name}\`.`,
    parameters: Object.fromEntries(names.map((name) => [name, PARAMETERS[name]])),
    messages: { [nameOf(channel)]: { $ref: `#/components/messages/${nameOf(channel)}` } },
    'x-jetstream-stream': channel.stream.name,
  }
}

const operationObject = (channel: Channel): Json => ({
  action: 'send',
  channel: { $ref: `#/channels/${channel.name}` },
  summary: channel.title,
  messages: [{ $ref: `#/channels/${channel.name}/messages/${nameOf(channel)}` }],
})

const messageObject = (channel: Channel): Json => ({
  name: nameOf(channel),
  title: channel.title,
  contentType: 'application/json',
  payload: { $ref: `#/components/schemas/${nameOf(channel)}` },
  ...(channel.example ? { examples: [{ payload: channel.example }] } : {}),
})

/** Without what only TypeBox reads; a relative `$id` would change what references mean. */
function plainSchema(schema: TSchema): Json {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === '$id' ? undefined : value)))
}
