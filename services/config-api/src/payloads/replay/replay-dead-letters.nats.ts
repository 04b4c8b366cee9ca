import type { Bus } from '@iomt/bus/connect'
import { provenMissing } from '@iomt/bus/proven-missing'
import type { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { DEAD_LETTER_STREAM } from '@iomt/contracts/streams'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { forEachConcurrently } from '../../desired-state/for-each-concurrently.ts'
import { createStreamConsumer } from '../../telemetry-stream/stream-consumer.nats.ts'
import { deadLetterSubjects, readSubjectCodes } from '../dead-letter-subjects.ts'
import { bytesOfRaw } from '../message-bytes.ts'
import type { ReplayRun } from './replay-run.ts'
import { type ReplayedReading, replayedReading } from './replayed-reading.ts'
import { countFailure, createSocketRedecoder, type SocketRedecoder } from './socket-redecoder.ts'

const BATCH = 200
const PUBLISH_CONCURRENCY = 32

/** Decodes the dead letters of the sockets again and publishes what are readings now; each becomes one row, however often. */
export async function replayDeadLetters(
  bus: Bus,
  run: ReplayRun,
  states: ReadonlyMap<string, SocketDesiredState>,
): Promise<void> {
  const { progress, signal } = run
  const redecoder = createSocketRedecoder(states, progress)
  const codes = await readSubjectCodes(run.database, [...states.keys()])
  if (codes.length === 0) return
  for (const subject of Object.values(deadLetterSubjects(codes, run.from))) {
    for await (const letters of deadLettersOf(bus, subject, signal)) {
      const wanted = letters.filter((letter) => isWanted(letter, run, states))
      progress.examined += wanted.length
      const readings = wanted.flatMap((letter) => redecode(letter, redecoder, run))
      await publishNew(bus, run, readings)
      await run.save()
    }
  }
}

function isWanted(letter: DeadLetterMessage, { from, to }: ReplayRun, states: ReadonlyMap<string, unknown>): boolean {
  const at = Date.parse(letter.received_at)
  return letter.socket_id !== null && states.has(letter.socket_id) && at >= from.getTime() && at < to.getTime()
}

function redecode(letter: DeadLetterMessage, redecoder: SocketRedecoder, { progress }: ReplayRun): ReplayedReading[] {
  const socketId = letter.socket_id as string
  const state = redecoder.state(socketId)
  if (!state) return []
  if (letter.payload_truncated) {
    countFailure(progress, 'payload-truncated')
    return []
  }
  const bytes = Buffer.from(letter.payload_base64, 'base64')
  const inner = letter.stage === 'store' ? parsed<Partial<TelemetryMessage>>(bytes) : null
  if (letter.stage === 'store' && inner?.raw === undefined) {
    countFailure(progress, letter.reason)
    return []
  }
  const payload = inner ? bytesOfRaw(inner.raw) : bytes
  const receivedAt = new Date(letter.received_at)
  const decoded = redecoder.decode(socketId, payload, { topic: letter.topic, receivedAt })
  return decoded ? [replayedReading(letter, inner, state, decoded)] : []
}

async function publishNew(bus: Bus, { database, progress, dryRun }: ReplayRun, readings: ReplayedReading[]) {
  const known = await storedIds(database, readings)
  const limit = bus.connection.info?.max_payload ?? 1_048_576
  await forEachConcurrently(readings, PUBLISH_CONCURRENCY, async ({ id, subject, text }) => {
    if (known.has(id)) progress.skipped += 1
    else if (Buffer.byteLength(text) > limit) countFailure(progress, 'message-too-large')
    else if (!dryRun) {
      const { duplicate } = await bus.jetstream.publish(subject, text, { msgID: id })
      if (duplicate) progress.skipped += 1
      else progress.stored += 1
    }
  })
}

/** By the key of the table. Without this, subscribers would get each reading again, although it is stored once. */
async function storedIds(database: Database, readings: readonly ReplayedReading[]): Promise<Set<string>> {
  if (readings.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    select log.id from unnest(${readings.map(({ receivedAt }) => receivedAt.toISOString())}::timestamptz[],
      ${readings.map(({ id }) => id)}::uuid[]) as wanted(at, id)
    join device_data_logs log on log.timestamp = wanted.at and log.id = wanted.id`.execute(database)
  return new Set(rows.map(({ id }) => id))
}

/** The dead letters under a subject that are there now, in batches, oldest first. */
async function* deadLettersOf(bus: Bus, subject: string, signal: AbortSignal): AsyncGenerator<DeadLetterMessage[]> {
  const stream = DEAD_LETTER_STREAM.name
  if (await provenMissing(bus, () => bus.manager.streams.info(stream))) return
  const { first_seq: first, last_seq: last } = (await bus.manager.streams.info(stream)).state
  let letters: DeadLetterMessage[] = []
  let reached = 0
  const consumer = await createStreamConsumer({
    bus,
    stream,
    filterSubject: subject,
    startSequence: Math.max(1, first),
    signal,
    onMessage(sequence, data) {
      reached = sequence
      const letter = sequence <= last ? parsed<DeadLetterMessage>(data) : null
      if (letter) letters.push(letter)
    },
  })
  try {
    for (let more = true; more && reached < last; ) {
      more = (await consumer.fetch(BATCH)) === 'more'
      const batch = letters
      letters = []
      yield batch
    }
  } finally {
    consumer.close()
  }
}

function parsed<Message>(data: Uint8Array): Message | null {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8')) as Message
  } catch {
    return null
  }
}
