import { TelemetryStreamQuery } from '@iomt/contracts/rest/telemetry-stream'
import type { Database } from '@iomt/database/connect'
import { Type } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import { invalidField } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { principalOf } from '../http/authentication.ts'
import { answers } from '../http/route-documentation.ts'
import { readMeasurementList } from '../readings/measurement-list.ts'
import { resolveFilter } from './resolve-filter.ts'
import type { StreamHub } from './stream-hub.ts'

const DESCRIPTION = `Server-sent events. Filters narrow together; a key that is bound to an organization sees only its own.

- \`telemetry\`: a reading, as on NATS (\`TelemetryMessage\`). \`id\` is its sequence in the stream.
- \`gap\`, \`{from, to, reason}\`: sequences that cannot be sent any more. \`reason\` is \`expired\` (the stream keeps readings for some
  days only) or \`restarted\` (it was made anew; \`to\` is null).
- \`dropped\`: the last event when the server ends the stream, with \`reason\` (\`too-slow\`, \`server-busy\`,
  \`key-no-longer-valid\`, \`server-stops\`) and \`detail\`. What a client does not read is held up to a limit, then it is dropped.
- A comment every 15 s. A block with an \`id\` and no data, at the beginning and after 10 quiet minutes, only moves the position.

**Resume**: with \`Last-Event-ID\` (browsers send it by themselves) or \`last_event_id\` everything since comes first, in order, each
reading once, then what is new. Without it the stream begins with what comes.

**Authentication** is the \`Authorization\` header, as everywhere; a key in the URL would end up in logs and histories. \`EventSource\` of
browsers cannot send it: read the answer of \`fetch\` instead.`

/** Sequences above 2^53 are 285 years away at a million readings a second. */
const SEQUENCE = /^\d{1,15}$/

const LastEventIdHeader = Type.Object({
  'last-event-id': Type.Optional(Type.String({ description: 'Go on after this event', examples: ['4711'] })),
})

/** `GET /telemetry/stream` */
export function addStreamRoute(app: App, database: Database, hub: StreamHub): void {
  app.get(
    '/telemetry/stream',
    {
      // A HEAD would have no end either.
      exposeHeadRoute: false,
      schema: {
        tags: ['telemetry'],
        operationId: 'streamTelemetry',
        summary: 'Readings as they come, as server-sent events',
        description: DESCRIPTION,
        querystring: TelemetryStreamQuery,
        headers: LastEventIdHeader,
        response: answers(
          {
            200: {
              description: 'Events until the client or the server ends it',
              content: { 'text/event-stream': { schema: Type.String() } },
            },
          } as never,
          404,
        ),
      },
    },
    async (request, reply) => {
      const { keyId, organizationId } = principalOf(request)
      const measurements = readMeasurementList(request.query.measurements)
      const after = lastEventId(request.headers['last-event-id'], request.query.last_event_id)
      const resolved = await resolveFilter(database, request.query, measurements, organizationId)
      await hub.open({ ...resolved, keyId, after }, () => begin(reply))
      return reply
    },
  )
}

/** From here on the answer is written past Fastify, which would wait for its end. */
function begin(reply: FastifyReply) {
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // nginx would collect events otherwise.
    'x-accel-buffering': 'no',
  })
  raw.flushHeaders()
  // Each event must leave at once, not wait for the acknowledgement of the one before.
  raw.socket?.setNoDelay(true)
  return raw
}

/** The header counts: a browser sends it when it reconnects to a URL that still has the first position in its query. */
function lastEventId(header: string | undefined, query: string | undefined): number | null {
  if (header !== undefined && header !== '') return sequence('/Last-Event-ID', header)
  return query === undefined ? null : sequence('/last_event_id', query)
}

function sequence(pointer: string, text: string): number {
  if (!SEQUENCE.test(text)) throw invalidField(pointer, 'must be the id of an event of this stream, a whole number')
  return Number(text)
}
