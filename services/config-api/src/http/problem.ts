import type { Problem } from '@iomt/contracts/rest/problem'
import type { FastifyReply } from 'fastify'
import type { FieldProblem } from '../changes/refusal.ts'
import { PROBLEM_TYPES, type ProblemReason } from './problem-types.ts'

const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8'

export function problem(
  reason: ProblemReason,
  detail: string,
  requestId: string,
  fields: readonly FieldProblem[] = [],
): Problem {
  const { status, title } = PROBLEM_TYPES[reason]
  return { type: `/problems/${reason}`, title, status, detail, errors: [...fields], request_id: requestId }
}

/** Sends it as `application/problem+json`, with the headers that its status calls for. */
export function sendProblem(reply: FastifyReply, body: Problem): FastifyReply {
  if (body.status === 401) reply.header('www-authenticate', 'Bearer realm="iomt"')
  if (body.status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '1')
  // A resource's tag must not stay on the refusal to change it.
  reply.removeHeader('etag').removeHeader('location')
  // Sent as text: the route's own serializer is for its 2xx answers.
  return reply.code(body.status).type(PROBLEM_MEDIA_TYPE).serializer(String).send(JSON.stringify(body))
}
