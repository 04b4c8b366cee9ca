import type { Bus } from '@iomt/bus/connect'
import { isStreamMissing } from '@iomt/bus/errors'
import type { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import { type PayloadSample, PayloadSamples, SampleQuery } from '@iomt/contracts/rest/payload-preview'
import { DEAD_LETTER_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type DeadLetterStage, deadLetterSubject, type SocketPlace, telemetrySubject } from '@iomt/contracts/subjects'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import type { Database } from '@iomt/database/connect'
import { notFound, Refusal } from '../changes/refusal.ts'
import { selectDesired } from '../desired-state/desired-state.ts'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { answers, IdParameter } from '../http/route-documentation.ts'
import { isNoAnswer } from '../live-status/gateway-client.nats.ts'
import { topicOf } from '../sockets/socket-row.ts'
import { deadLetterSubjects, readSubjectCodes, type SubjectCodes } from './dead-letter-subjects.ts'
import { lastMessages } from './last-messages.nats.ts'
import { bytesOfRaw, shownBytes } from './message-bytes.ts'

const DEFAULT_LIMIT = 20

/** `GET /sockets/:id/samples`: something to start a mapping from. `bus` gives null while NATS cannot be reached. */
export function addSamplesRoute(app: App, database: Database, bus: () => Bus | null): void {
  app.get(
    '/sockets/:id/samples',
    {
      schema: {
        tags: ['payloads'],
        operationId: 'listSocketSamples',
        summary: 'The last messages of a socket as they came, and those that were not understood; newest first',
        params: IdParameter,
        querystring: SampleQuery,
        response: answers({ 200: PayloadSamples }, 404),
      },
    },
    async (request): Promise<PayloadSamples> => {
      const { id } = request.params
      const row = await selectDesired(database, tenantOf(request)).where('sockets.id', '=', id).executeTakeFirst()
      if (!row) throw notFound('socket', id)
      const connected = bus()
      if (!connected) throw new Refusal('nats-unavailable', 'The messages are in NATS, which cannot be reached now.')
      const limit = request.query.limit ?? DEFAULT_LIMIT
      const codes = await readSubjectCodes(database, [id])
      const [readings, letters] = await Promise.all([
        lastReadings(connected, row, limit).catch(noneWithoutStream),
        lastDeadLetters(connected, row, codes, limit).catch(noneWithoutStream),
      ])
      const topic = topicOf(row)
      const stored = readings.length > 0 ? [] : await storedSamples(database, id, limit)
      const items = [...readings.map(readingSample), ...stored, ...letters.map(deadLetterSample)].map((sample) =>
        withRelativeTopic(sample, topic),
      )
      return { items: items.sort(newestFirst) }
    },
  )
}

type Place = SocketPlace & { readonly id: string }

async function lastReadings(bus: Bus, socket: Place, count: number): Promise<TelemetryMessage[]> {
  const subject = telemetrySubject(socket, '*')
  return await lastMessages(bus, { stream: TELEMETRY_STREAM.name, subject, count, read: messageOf(socket) })
}

/** Up to `count` of each stage, also from the time when the socket or what it is in had other codes. */
async function lastDeadLetters(
  bus: Bus,
  socket: Place,
  codes: readonly SubjectCodes[],
  count: number,
): Promise<DeadLetterMessage[]> {
  const stream = DEAD_LETTER_STREAM.name
  const { state } = await bus.manager.streams.info(stream)
  const everywhere = deadLetterSubjects(codes, new Date(state.first_ts))
  const ofStage = async (stage: DeadLetterStage) => {
    // Under today's codes as well: there they are found however much others have sent since.
    const subjects = new Set([deadLetterSubject(stage, socket), everywhere[stage]])
    const read = messageOf<DeadLetterMessage>(socket)
    const found = await Promise.all([...subjects].map((subject) => lastMessages(bus, { stream, subject, count, read })))
    const once = new Map(found.flat().map((letter) => [letter.id, letter]))
    return [...once.values()].sort(newestFirst).slice(0, count)
  }
  return (await Promise.all([ofStage('decode'), ofStage('store')])).flat()
}

/** Reads messages of the socket; null for others'. */
function messageOf<Message extends { socket_id: string | null }>(socket: Place): (data: Uint8Array) => Message | null {
  return (data) => {
    const message = parsed<Message>(data)
    return message?.socket_id === socket.id ? message : null
  }
}

/** @throws Refusal when it is NATS that does not answer. */
function noneWithoutStream(error: unknown): [] {
  if (isStreamMissing(error)) return []
  if (isNoAnswer(error)) throw new Refusal('nats-unavailable', 'NATS, where the messages are, does not answer.')
  throw error
}

/** Ids count the messages of one millisecond. */
const orderOf = ({ received_at: receivedAt, id }: Received) => `${receivedAt} ${id}`
const newestFirst = (left: Received, right: Received) => (orderOf(left) < orderOf(right) ? 1 : -1)

type Received = Pick<PayloadSample, 'received_at' | 'id'>

function parsed<Message>(data: Uint8Array): Message | null {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8')) as Message
  } catch {
    return null
  }
}

function readingSample({ id, received_at, topic, raw, decoder }: TelemetryMessage): PayloadSample {
  const kind = 'reading' as const
  return { kind, id, received_at, topic, ...shownBytes(bytesOfRaw(raw)), ...NO_REJECTION, decoder }
}

const NO_REJECTION = { truncated: false, reason: null, detail: null }

function deadLetterSample(letter: DeadLetterMessage): PayloadSample {
  const { id, received_at, reason, detail, payload_truncated: truncated } = letter
  const bytes = Buffer.from(letter.payload_base64, 'base64')
  const whole = letter.stage === 'store' ? parsed<TelemetryMessage>(bytes) : null
  // What could not be stored is a whole reading: its payload is inside.
  const payload = whole ? bytesOfRaw(whole.raw) : bytes
  const decoder = whole?.decoder ?? null
  return {
    kind: 'dead-letter',
    id,
    received_at,
    topic: letter.topic,
    ...shownBytes(payload),
    truncated,
    decoder,
    reason,
    detail,
  }
}

function withRelativeTopic(sample: PayloadSample, own: string | null): PayloadSample {
  if (own === null || !sample.topic?.startsWith(`${own}/`)) return sample
  return { ...sample, relative_topic: sample.topic.slice(own.length + 1) }
}

/** Readings leave the stream after some days; these stay. */
async function storedSamples(database: Database, socketId: string, limit: number): Promise<PayloadSample[]> {
  const rows = await database
    .selectFrom('device_data_logs')
    .select(['id', 'timestamp', 'data_json', 'decoder'])
    .where('socket_id', '=', socketId)
    .orderBy('measured_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ id, timestamp, data_json: raw, decoder }) => ({
    kind: 'reading',
    id,
    received_at: timestamp.toISOString(),
    topic: null,
    ...shownBytes(bytesOfRaw(raw)),
    ...NO_REJECTION,
    decoder,
  }))
}
