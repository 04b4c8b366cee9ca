import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../changes/refusal.ts'
import { ClientGoneError } from './client-gone.ts'
import { isDatabaseAway, tookTooLong } from './database-away.ts'
import { problem, sendProblem } from './problem.ts'
import type { ProblemReason } from './problem-types.ts'

/** A commit whose answer was lost may have happened: a client that needs to know has to read. */
const DATABASE_AWAY =
  'The database does not answer. Try again in a moment; after a change, read first whether it was made.'

/** It does answer, so trying the same again is no advice: the question may be too large. */
const DATABASE_SLOW =
  'The database took too long for this. Ask for less, or try again in a moment; after a change, read first whether it was made.'

interface Answer {
  readonly reason: ProblemReason
  readonly detail: string
}

/** What Fastify and its plugins find, by error code. */
const BY_CODE: Record<string, Answer> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    reason: 'malformed-json',
    detail: 'The body is empty; send JSON, or no Content-Type.',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { reason: 'malformed-json', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    reason: 'unsupported-media-type',
    detail: 'Send the body as application/json.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { reason: 'malformed-request', detail: 'Content-Length does not fit the body.' },
  FST_ERR_CTP_BODY_TOO_LARGE: { reason: 'payload-too-large', detail: 'A body may have at most 1 MiB.' },
  FST_ERR_BAD_URL: { reason: 'malformed-request', detail: 'The URL holds a malformed percent encoding.' },
  FST_UNDER_PRESSURE: { reason: 'overloaded', detail: 'The server is overloaded; try again in a moment.' },
}

/**
 * The only place where an error becomes an HTTP answer. What nobody expected is logged whole and answered with 500 and
 * nothing of its message: that may hold SQL or a value.
 */
export function errorHandler(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal) {
    return sendProblem(reply, problem(error.reason, error.message, request.id, error.fields))
  }
  if (error instanceof ClientGoneError) {
    request.log.debug({ reason: error.message }, 'request given up')
    return reply.send()
  }
  const { reason, detail } = answerTo(error)
  if (reason === 'internal-error') request.log.error({ err: error }, 'request failed')
  else if (reason === 'database-unavailable') request.log.warn({ reason: error.message }, 'database is not available')
  return sendProblem(reply, problem(reason, detail, request.id))
}

function answerTo(error: FastifyError | Error): Answer {
  if (isDatabaseAway(error)) {
    return { reason: 'database-unavailable', detail: tookTooLong(error) ? DATABASE_SLOW : DATABASE_AWAY }
  }
  const { code, statusCode } = error as FastifyError
  const known = BY_CODE[code]
  if (known) return known
  if (statusCode === 429) return { reason: 'rate-limited', detail: 'Wait as long as Retry-After says (seconds).' }
  // secure-json-parse and the HTTP parser give a status but no code.
  if (error instanceof SyntaxError && statusCode === 400) {
    return { reason: 'malformed-json', detail: 'The body is not JSON that can be accepted.' }
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { reason: 'malformed-request', detail: error.message }
  }
  return { reason: 'internal-error', detail: 'It is in the log under the request id; trying again may help.' }
}
