import type { TopicGenerate, TopicGeneration, TopicProblem } from '@iomt/contracts/rest/topics'
import { socketTopic } from '@iomt/contracts/topics'
import type { Database } from '@iomt/database/connect'
import { invalidField, notFound } from '../changes/refusal.ts'
import { effectivePayloadConfig } from '../payloads/effective-payload-config.ts'
import { effectiveBroker, type SocketRow, selectSockets, topicOf } from '../sockets/socket-row.ts'
import { conflictOf } from './conflict-view.ts'
import { type PlaceConflict, topicConflicts } from './topic-conflicts.ts'
import { placesMeeting, type TopicPlace } from './topic-place.ts'
import {
  DEFAULT_BASE_TEMPLATE,
  DEFAULT_SUFFIX_TEMPLATE,
  type FilledTemplate,
  fillTemplate,
  generatedProblems,
  parseTemplate,
  type TemplateValues,
  type TopicTemplate,
} from './topic-template.ts'

type Part = TopicGeneration['mqtt_base_topic']
type GeneratedSocket = TopicGeneration['sockets'][number]

/** What the topics of a PDU and its sockets would be. @throws Refusal for a template that is none, or no such PDU. */
export async function generateTopics(
  database: Database,
  pduId: string,
  asked: TopicGenerate,
  tenant: string | null,
): Promise<TopicGeneration> {
  const templates = {
    base: templateOf('base_template', asked.base_template, DEFAULT_BASE_TEMPLATE),
    suffix: templateOf('suffix_template', asked.suffix_template, DEFAULT_SUFFIX_TEMPLATE),
  }
  const refuseMissing = asked.missing === 'refuse'
  const pdu = await readPdu(database, pduId, tenant)
  const rows = await selectSockets(database, tenant)
    .where('sockets.pdu_id', '=', pduId)
    .orderBy('sockets.socket_number')
    .execute()
  const values = pduValues(pdu)
  const base = partOf('mqtt_base_topic', pdu.mqtt_base_topic, templates.base, values, refuseMissing)
  const newBase = base.generated
  const generated = rows.map((row): { row: SocketRow; view: Omit<GeneratedSocket, 'conflicts'> } => {
    const ofSocket = new Map([...values, ['number', row.socket_number], ['name', row.name]])
    const suffix = partOf(
      'mqtt_topic_suffix',
      row.mqtt_topic_suffix,
      templates.suffix,
      ofSocket,
      refuseMissing,
      newBase,
    )
    const topic = socketTopic(newBase, suffix.generated)
    return {
      row,
      view: {
        socket_id: row.id,
        socket_number: row.socket_number,
        mqtt_topic_suffix: suffix,
        current_topic: topicOf(row),
        topic,
        changed: suffix.generated !== row.mqtt_topic_suffix,
      },
    }
  })
  const conflicts = await conflictsOf(database, generated)
  const sockets = generated.map(({ view }) => ({
    ...view,
    conflicts: conflicts
      .filter(({ socket, other }) => [socket.socketId, other.socketId].includes(view.socket_id))
      .map((conflict) => {
        const self = conflict.socket.socketId === view.socket_id ? conflict.socket : conflict.other
        return conflictOf(self, conflict, tenant ?? pdu.organization_id)
      }),
  }))
  const problems = [base.problems, ...sockets.map((socket) => socket.mqtt_topic_suffix.problems)].flat()
  return {
    pdu_id: pdu.id,
    pdu_version: pdu.version,
    applied: false,
    valid: problems.length === 0 && conflicts.length === 0,
    mqtt_base_topic: base,
    sockets,
  }
}

/** Null: the part stays as it is. */
function templateOf(field: string, text: string | null | undefined, standard: string): TopicTemplate | null {
  if (text === null) return null
  const template = parseTemplate(text ?? standard)
  if ('problem' in template) throw invalidField(`/${field}`, template.problem)
  return template
}

function partOf(
  part: 'mqtt_base_topic' | 'mqtt_topic_suffix',
  current: string | null,
  template: TopicTemplate | null,
  values: TemplateValues,
  refuseMissing: boolean,
  base: string | null = null,
): Part {
  if (template === null) return { current, generated: current, left_out: [], problems: [] }
  const filled: FilledTemplate = fillTemplate(template, values)
  const problems: TopicProblem[] = generatedProblems(part, filled, refuseMissing, base)
  return { current, generated: filled.topic, left_out: filled.leftOut, problems }
}

async function conflictsOf(
  database: Database,
  generated: readonly { row: SocketRow; view: { topic: string | null } }[],
): Promise<PlaceConflict[]> {
  const places = generated.flatMap(({ row, view }): TopicPlace[] => {
    const broker = effectiveBroker(row)?.broker
    if (!row.is_enabled || view.topic === null || !broker?.mqtt_broker_host) return []
    const payload = effectivePayloadConfig(row.payload_config, row.profile_config)
    const channel = payload?.channel
    return [
      {
        socketId: row.id,
        socketNumber: row.socket_number,
        pduId: row.pdu_id,
        pduCode: row.pdu_code,
        organizationId: row.organization_id,
        topic: view.topic,
        host: broker.mqtt_broker_host.toLowerCase(),
        port: broker.mqtt_broker_port,
        channel: channel === undefined ? null : String(channel),
        subtree: payload?.subtree === true,
      },
    ]
  })
  const own = new Set(generated.map(({ row }) => row.id))
  const others: TopicPlace[] = []
  for (const onBroker of Map.groupBy(places, ({ host, port }) => `${host}\n${port}`).values()) {
    const { host, port } = onBroker[0] as TopicPlace
    const topics = onBroker.map(({ topic }) => topic)
    const subtrees = onBroker.filter(({ subtree }) => subtree).map(({ topic }) => topic)
    const meeting = await placesMeeting(database, { host, port, topics, subtrees })
    others.push(...meeting.filter(({ socketId }) => !own.has(socketId as string)))
  }
  return topicConflicts(others, new Set(places))
}

/** The codes of its place and the scalar values of its `location`; the fixed names win over keys of the same name. */
function pduValues(pdu: PduRow): TemplateValues {
  const values = new Map<string, string | number | null>()
  for (const [key, value] of Object.entries(pdu.location)) {
    if (typeof value === 'string' || typeof value === 'number') values.set(key, value)
  }
  values.set('organization', pdu.organization_code)
  values.set('department', pdu.department_code)
  values.set('pdu', pdu.code)
  values.set('pdu_name', pdu.name)
  return values
}

async function readPdu(database: Database, id: string, tenant: string | null) {
  const row = await database
    .selectFrom('power_distribution_units as pdu')
    .innerJoin('organizations as organization', 'organization.id', 'pdu.organization_id')
    .leftJoin('departments as department', 'department.id', 'pdu.department_id')
    .select([
      'pdu.id',
      'pdu.version',
      'pdu.organization_id',
      'pdu.code',
      'pdu.name',
      'pdu.location',
      'pdu.mqtt_base_topic',
    ])
    .select(['organization.code as organization_code', 'department.code as department_code'])
    .where('pdu.id', '=', id)
    .executeTakeFirst()
  if (!row || (tenant !== null && row.organization_id !== tenant)) throw notFound('pdu', id)
  return row
}

type PduRow = Awaited<ReturnType<typeof readPdu>>
