import { Id } from '@iomt/contracts/codes'
import { Problem } from '@iomt/contracts/rest/problem'
import { type TSchema, Type } from '@sinclair/typebox'

/** Refusals that any endpoint may give. */
const ALWAYS = [400, 401, 403, 429, 503] as const
const PROBLEM_CONTENT = { content: { 'application/problem+json': { schema: Problem } } }

const DESCRIPTIONS: Record<number, string> = {
  400: 'The request does not fit; `errors` says where',
  401: 'No valid API key',
  403: 'The API key may not do this',
  404: 'It does not exist, or belongs to another organization',
  409: 'In conflict with what is there; `type` says which',
  410: 'The endpoint was removed',
  412: '`If-Match` names an older version',
  413: 'The body is above 1 MiB',
  415: 'The body is not application/json',
  429: 'Too many requests with this key, too many keys from this address that are not valid, or too much of it at once',
  502: 'The broker did not take it',
  503: 'A dependency does not answer; try again',
  504: 'Nothing confirms it, and it may have been done: find out before you try again',
}

/** The answers of a route: its own, and problem+json for the statuses it may refuse with. */
export function answers<Success extends Record<number, TSchema>>(success: Success, ...refusals: number[]) {
  const problems = [...new Set([...ALWAYS, ...refusals])]
    .sort()
    .map((status) => [status, { description: DESCRIPTIONS[status] ?? 'Refused', ...PROBLEM_CONTENT }])
  return { ...success, ...(Object.fromEntries(problems) as Record<never, never>) }
}

/** A body's statuses besides those of {@link answers}. */
export const BODY_REFUSALS = [413, 415] as const

export const IdParameter = Type.Object({ id: Id }, { additionalProperties: false })

/** An answer without a body. */
export const NoContent = Type.Null({ description: 'Done' })

/** Only described, not checked here: `expectedVersions` reads it. */
export const IfMatchHeader = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      description: 'The `ETag` of the version to change; 412 when it has changed since',
      examples: ['"3"'],
    }),
  ),
})
