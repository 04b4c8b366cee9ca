import { DEFAULT_BROKER_PORT } from '@iomt/contracts/mqtt-config'
import { TopicCheck, TopicCheckResult, type TopicProblem } from '@iomt/contracts/rest/topics'
import { socketTopic, type TopicPart, topicLengthProblem, topicPartProblem } from '@iomt/contracts/topics'
import type { Database } from '@iomt/database/connect'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { answers, BODY_REFUSALS } from '../http/route-documentation.ts'
import { effectivePayloadConfig } from '../payloads/effective-payload-config.ts'
import { type PduRow, requirePdu } from '../pdus/require-pdu.ts'
import { effectiveBroker, requireSocket, type SocketRow } from '../sockets/socket-row.ts'
import { conflictOf } from './conflict-view.ts'
import { topicConflicts } from './topic-conflicts.ts'
import { placesMeeting, type TopicPlace } from './topic-place.ts'

const MAX_CONFLICTS = 100

/** `POST /topics/check`: what saving it would say, and what else is in its way. */
export function addTopicCheckRoute(app: App, database: Database): void {
  app.post(
    '/topics/check',
    {
      config: { role: 'operator' },
      schema: {
        tags: ['topics'],
        operationId: 'checkTopic',
        summary: 'Validate a topic before saving it; changes nothing',
        description:
          'The broker is the one given, else that of the socket or PDU. Without any, conflicts cannot be looked for.',
        body: TopicCheck,
        response: answers({ 200: TopicCheckResult }, 404, ...BODY_REFUSALS),
      },
    },
    async (request) => await checkTopic(database, request.body, tenantOf(request)),
  )
}

async function checkTopic(database: Database, asked: TopicCheck, tenant: string | null): Promise<TopicCheckResult> {
  const socket =
    asked.socket_id === undefined ? null : await requireSocket(database, asked.socket_id, tenant, '/socket_id')
  const pduId = asked.pdu_id ?? socket?.pdu_id
  const pdu = pduId === undefined ? null : await requirePdu(database, pduId, tenant, '/pdu_id')
  const base = asked.mqtt_base_topic ?? pdu?.mqtt_base_topic ?? null
  const suffix = asked.mqtt_topic_suffix ?? socket?.mqtt_topic_suffix ?? null
  const topic = asked.topic ?? socketTopic(base, suffix)
  const problems =
    asked.topic === undefined
      ? [...partProblems('mqtt_base_topic', base), ...partProblems('mqtt_topic_suffix', suffix)]
      : partProblems('topic', asked.topic)
  const tooLong = topic === null ? null : topicLengthProblem(topic)
  if (tooLong) problems.push({ pointer: asked.topic === undefined ? '/mqtt_topic_suffix' : '/topic', detail: tooLong })
  const broker = brokerOf(asked, socket, pdu)
  const answer = { topic, broker: broker && `${broker.host}:${broker.port}` }
  if (topic === null || broker === null || problems.length > 0) {
    return { ...answer, valid: problems.length === 0, problems, conflicts: [] }
  }
  const payload =
    asked.payload_config ?? (socket && effectivePayloadConfig(socket.payload_config, socket.profile_config))
  const candidate: TopicPlace = {
    socketId: socket?.id ?? null,
    socketNumber: socket?.socket_number ?? null,
    pduId: pdu?.id ?? null,
    pduCode: pdu?.code ?? null,
    organizationId: pdu?.organization_id ?? tenant,
    topic,
    ...broker,
    channel: payload?.channel === undefined ? null : String(payload.channel),
    subtree: payload?.subtree === true,
  }
  const search = { ...broker, topics: [topic], subtrees: candidate.subtree ? [topic] : [] }
  const others = (await placesMeeting(database, search)).filter(({ socketId }) => socketId !== asked.socket_id)
  const conflicts = topicConflicts(others, new Set([candidate]))
  return {
    ...answer,
    valid: conflicts.length === 0,
    problems,
    conflicts: conflicts.slice(0, MAX_CONFLICTS).map((conflict) => conflictOf(candidate, conflict, tenant)),
  }
}

function partProblems(part: TopicPart, value: string | null): TopicProblem[] {
  const pointer = `/${part}`
  if (value === null) return [{ pointer, detail: 'is not set' }]
  const problem = topicPartProblem(part, value)
  const problems = problem ? [{ pointer, detail: problem.replace(`${part} `, '') }] : []
  if (part === 'mqtt_base_topic' && value.length > 255)
    problems.push({ pointer, detail: `has ${value.length} characters, at most 255 are allowed` })
  return problems
}

function brokerOf(
  asked: TopicCheck,
  socket: SocketRow | null,
  pdu: PduRow | null,
): { host: string; port: number } | null {
  const host = asked.mqtt_broker_host
  if (host !== undefined) return { host: host.toLowerCase(), port: asked.mqtt_broker_port ?? DEFAULT_BROKER_PORT }
  const block = (socket && effectiveBroker(socket)?.broker) ?? pdu
  return block?.mqtt_broker_host
    ? { host: block.mqtt_broker_host.toLowerCase(), port: asked.mqtt_broker_port ?? block.mqtt_broker_port }
    : null
}
