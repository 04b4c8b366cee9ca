import type { RefusalReason } from '../changes/refusal.ts'

/** Problems that the HTTP layer itself finds. */
type HttpReason =
  | 'malformed-json'
  | 'malformed-request'
  | 'route-not-found'
  | 'method-not-allowed'
  | 'endpoint-removed'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'rate-limited'
  | 'overloaded'
  | 'database-unavailable'
  | 'internal-error'

export type ProblemReason = RefusalReason | HttpReason

/** Status and title of every problem type, `/problems/{reason}`. The only place where a reason meets HTTP. */
export const PROBLEM_TYPES: Readonly<Record<ProblemReason, { readonly status: number; readonly title: string }>> = {
  'invalid-request': { status: 400, title: 'The request does not fit the schema' },
  'invalid-cursor': { status: 400, title: 'The cursor is not one of this list' },
  'invalid-if-match': { status: 400, title: 'The If-Match header is malformed' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'malformed-request': { status: 400, title: 'The request is not valid HTTP' },
  unauthenticated: { status: 401, title: 'No valid API key' },
  forbidden: { status: 403, title: 'The API key may not do this' },
  'not-found': { status: 404, title: 'It does not exist' },
  'route-not-found': { status: 404, title: 'There is no such endpoint' },
  'device-not-on-a-socket': { status: 404, title: 'The device is on no socket' },
  'no-state-yet': { status: 404, title: 'The device has sent nothing yet' },
  'method-not-allowed': { status: 405, title: 'The endpoint does not have this method' },
  'code-taken': { status: 409, title: 'The code is taken' },
  'name-taken': { status: 409, title: 'The name is taken' },
  'asset-tag-taken': { status: 409, title: 'The asset tag is taken' },
  'socket-number-taken': { status: 409, title: 'The socket number is taken' },
  'device-taken': { status: 409, title: 'The device is on another socket' },
  'socket-taken': { status: 409, title: 'The socket has another device' },
  'topic-taken': { status: 409, title: 'Another socket has this topic on the same broker' },
  'in-use': { status: 409, title: 'Something else depends on it' },
  'not-configured': { status: 409, title: 'The socket has no broker or no topic' },
  'credentials-required': { status: 409, title: 'The secrets must be sent again for another broker' },
  'credentials-unreadable': { status: 409, title: 'The stored credentials cannot be opened' },
  'endpoint-removed': { status: 410, title: 'The endpoint was removed' },
  'stale-version': { status: 412, title: 'The resource has changed since' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is of the wrong media type' },
  'too-many-streams': { status: 429, title: 'The API key has too many streams open' },
  'too-many-replays': { status: 429, title: 'Too many replays are waiting' },
  'too-many-tests': { status: 429, title: 'The gateway tests other sockets' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'internal-error': { status: 500, title: 'The server failed' },
  'publish-failed': { status: 502, title: 'The broker did not take the message' },
  'socket-not-connected': { status: 503, title: 'The socket is not connected to its broker' },
  'gateway-unavailable': { status: 503, title: 'No gateway answers for the socket' },
  'nats-unavailable': { status: 503, title: 'NATS cannot be reached' },
  'streams-exhausted': { status: 503, title: 'The server has too many streams open' },
  overloaded: { status: 503, title: 'The server is overloaded' },
  'database-unavailable': { status: 503, title: 'The database does not answer' },
  'publish-unconfirmed': { status: 504, title: 'The message may have been sent; nothing confirms it' },
}
