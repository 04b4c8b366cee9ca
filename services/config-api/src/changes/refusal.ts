/** What is wrong with one field; `pointer` is a JSON Pointer into the body or `/name` of a parameter. */
export interface FieldProblem {
  readonly pointer: string
  readonly detail: string
}

/** Why a request is refused. Each is the slug of a problem type that clients may act on, so none is ever renamed. */
export type RefusalReason =
  | 'invalid-request'
  | 'invalid-cursor'
  | 'invalid-if-match'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'device-not-on-a-socket'
  | 'no-state-yet'
  | 'code-taken'
  | 'name-taken'
  | 'asset-tag-taken'
  | 'socket-number-taken'
  | 'device-taken'
  | 'socket-taken'
  | 'topic-taken'
  | 'in-use'
  | 'not-configured'
  | 'credentials-required'
  | 'credentials-unreadable'
  | 'stale-version'
  | 'socket-not-connected'
  | 'publish-failed'
  | 'publish-unconfirmed'
  | 'gateway-unavailable'
  | 'nats-unavailable'
  | 'too-many-streams'
  | 'too-many-replays'
  | 'too-many-tests'
  | 'streams-exhausted'

/** A request that cannot be done as it is; `detail` tells the client what to change. Mapped in `http/error-handler.ts`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: RefusalReason
  readonly fields: readonly FieldProblem[]

  constructor(reason: RefusalReason, detail: string, fields: readonly FieldProblem[] = []) {
    super(detail)
    this.reason = reason
    this.fields = fields
  }
}

/** One field of the request is at fault: its detail is the problem's detail too. */
export function invalidField(pointer: string, detail: string): Refusal {
  return new Refusal('invalid-request', `${pointer.slice(1)} ${detail}`, [{ pointer, detail }])
}

/** A row that is not there, or not the caller's to see: the two look the same from outside. */
export function notFound(what: string, id: string, pointer?: string): Refusal {
  const detail = `There is no ${what} with the id ${id}.`
  return new Refusal('not-found', detail, pointer ? [{ pointer, detail: `no such ${what}` }] : [])
}
