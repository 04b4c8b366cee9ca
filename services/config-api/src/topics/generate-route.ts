import { TopicGenerate, TopicGeneration } from '@iomt/contracts/rest/topics'
import type { Database } from '@iomt/database/connect'
import type { Schema } from '@iomt/database/schema'
import type { Transaction } from 'kysely'
import { type Actor, inTransaction } from '../changes/change.ts'
import { type FieldProblem, notFound, Refusal } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { actorOf, tenantOf } from '../http/authentication.ts'
import { entityTag, expectedVersions } from '../http/entity-tag.ts'
import { answers, BODY_REFUSALS, IdParameter, IfMatchHeader } from '../http/route-documentation.ts'
import type { PduResource } from '../pdus/pdu-resource.ts'
import { type ExpectedVersions, requireVersion, updateWithin } from '../resources/change-resource.ts'
import type { SocketResource } from '../sockets/socket-resource.ts'
import { checkTopicsOfPdu } from '../sockets/topic-check.ts'
import { generateTopics } from './generate-topics.ts'

const MAX_SHOWN = 10

export interface TopicGenerateOptions {
  readonly database: Database
  readonly pdus: PduResource
  readonly sockets: SocketResource
  readonly onChange: () => void
}

/** `POST /pdus/:id/topics/generate` */
export function addTopicGenerateRoute(app: App, options: TopicGenerateOptions): void {
  const { database, onChange } = options
  app.post(
    '/pdus/:id/topics/generate',
    {
      schema: {
        tags: ['topics'],
        operationId: 'generateTopics',
        summary: 'Topics of a PDU and its sockets from templates; a preview unless `apply` is true',
        description:
          'Applied in one transaction, as if each had been changed by PATCH. A template that is null keeps what is there.',
        params: IdParameter,
        headers: IfMatchHeader,
        body: TopicGenerate,
        response: answers({ 200: TopicGeneration }, 404, 409, 412, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const expected = expectedVersions(request.headers['if-match'])
      const actor = actorOf(request)
      const generation = request.body.apply
        ? await inTransaction(database, (transaction) =>
            applyTopics(transaction, options, id, request.body, expected, actor),
          )
        : await generateTopics(database, id, request.body, tenantOf(request))
      if (generation.applied) onChange()
      return await reply.header('etag', entityTag(generation.pdu_version)).send(generation)
    },
  )
}

async function applyTopics(
  transaction: Transaction<Schema>,
  { pdus, sockets }: TopicGenerateOptions,
  pduId: string,
  asked: TopicGenerate,
  expected: ExpectedVersions,
  actor: Actor,
): Promise<TopicGeneration> {
  if (!(await pdus.lock(transaction, pduId, actor.organizationId))) throw notFound('pdu', pduId)
  await requireVersion(transaction, pdus, pduId, expected, actor.organizationId)
  const generation = await generateTopics(transaction, pduId, asked, actor.organizationId)
  refuseUnlessValid(generation)
  const { generated, current } = generation.mqtt_base_topic
  let version = generation.pdu_version
  if (generated !== current) {
    const fields = { mqtt_base_topic: generated, topicsCheckedLater: true } as const
    version = (await updateWithin(transaction, pdus, pduId, fields, null, actor)).version
  }
  for (const { socket_id: socketId, mqtt_topic_suffix: suffix, changed } of generation.sockets) {
    const fields = { mqtt_topic_suffix: suffix.generated, topicsCheckedLater: true } as const
    if (changed) await updateWithin(transaction, sockets, socketId, fields, null, actor)
  }
  // Under its lock: another transaction may just have taken a topic that was free when we looked.
  await checkTopicsOfPdu(transaction, pduId)
  return { ...generation, applied: true, pdu_version: version }
}

function refuseUnlessValid({ valid, mqtt_base_topic: base, sockets }: TopicGeneration): void {
  if (valid) return
  const problems: FieldProblem[] = [
    ...base.problems.map(({ detail }) => ({ pointer: '/base_template', detail })),
    ...sockets.flatMap(({ socket_number: number, mqtt_topic_suffix: suffix }) =>
      suffix.problems.map(({ detail }) => ({ pointer: '/suffix_template', detail: `of socket ${number} ${detail}` })),
    ),
  ].slice(0, MAX_SHOWN)
  if (problems.length > 0) {
    const sentences = problems.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}.`)
    throw new Refusal('invalid-request', sentences.join(' '), problems)
  }
  const conflicts = sockets
    .flatMap(({ socket_number: number, conflicts: found }) =>
      found.map(({ detail }) => ({ pointer: '/suffix_template', detail: `socket ${number}: ${detail}` })),
    )
    .slice(0, MAX_SHOWN)
  throw new Refusal('topic-taken', conflicts.map(({ detail }) => detail).join(' '), conflicts)
}
