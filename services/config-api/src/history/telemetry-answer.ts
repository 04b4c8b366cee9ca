import { Refusal } from '../changes/refusal.ts'
import { decodeCursor, encodeCursor, UUID_PATTERN } from '../http/cursor.ts'
import type { TextSource } from '../readings/text-rows.ts'
import { createWrittenRows } from '../readings/written-rows.ts'
import type { HistoryQuestion, PointsRequest, ReadingsRequest } from './history-question.ts'
import type { HistoryTarget } from './history-target.ts'
import type { KeptHistory } from './kept-history.ts'
import { resolutionOf } from './point-bins.ts'
import { createPointWriter } from './point-text.ts'
import { readReadings, sameInAllRows } from './raw-readings.ts'
import { readPoints } from './read-points.ts'
import { microsecondsOf, timeOf } from './reading-cursor.ts'
import { createReadingReader } from './reading-row.ts'

const MICROSECONDS = /^-?\d{1,17}$/
const MILLISECONDS = /^\d{1,15}$/
const STEP = /^\d{1,5}[mhd]$/
const LATEST = Date.UTC(3_000, 0)
const UUID_OR_NOTHING = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/

/** Of readings in a page, which then is shorter than its limit: it is put together in memory, and the next one may follow. */
const PAGE_BYTES = 16 * 1024 ** 2

/** A place in readings, or in points of a step. */
export type HistoryCursor =
  | { readonly step: null; readonly measured: string; readonly id: string }
  | { readonly step: string; readonly at: number; readonly socketId: string }

/** @throws Refusal `invalid-cursor` */
export function readHistoryCursor(cursor: string | undefined): HistoryCursor | null {
  if (cursor === undefined) return null
  return readingPlace(cursor) ?? pointPlace(cursor)
}

function readingPlace(cursor: string): HistoryCursor | null {
  try {
    const [microseconds, id] = decodeCursor(cursor, [MICROSECONDS, UUID_PATTERN]) as [string, string]
    const measured = timeOf(microseconds)
    return measured === null ? null : { step: null, measured, id }
  } catch {
    return null
  }
}

function pointPlace(cursor: string): HistoryCursor {
  const [step, at, socketId] = decodeCursor(cursor, [STEP, MILLISECONDS, UUID_OR_NOTHING]) as [string, string, string]
  if (Number(at) > LATEST) throw otherCursor()
  return { step, at: Number(at), socketId }
}

export interface AnswerContext {
  readonly source: TextSource
  readonly target: HistoryTarget
  readonly cursor: HistoryCursor | null
  readonly kept: () => Promise<KeptHistory>
  readonly now: Date
}

/** The JSON text of a `TelemetryHistory`. @throws Refusal `invalid-cursor` when the cursor is of another step. */
export async function telemetryAnswer(question: HistoryQuestion, context: AnswerContext): Promise<Buffer> {
  const timeZone = question.timeZone ?? context.target.timeZone
  const { resolution, step, items, next } =
    question.step === null ? await readingsPage(question, context) : await pointsPage(question, timeZone, context)
  const head = JSON.stringify({ resolution, step, timezone: timeZone }).slice(0, -1)
  const [before, after] = [`${head},"items":[`, `],"next_cursor":${JSON.stringify(next)}}`]
  return Buffer.concat([Buffer.from(before), ...items, Buffer.from(after)])
}

interface PageText {
  readonly resolution: string
  readonly step: string
  /** UTF-8, without the brackets. */
  readonly items: readonly Buffer[]
  readonly next: string | null
}

async function readingsPage(question: ReadingsRequest, context: AnswerContext): Promise<PageText> {
  const { cursor, source, target, now } = context
  if (cursor !== null && cursor.step !== null) throw otherCursor()
  const { limit, measurements, from, to, order } = question
  const reader = createReadingReader(measurements, sameInAllRows(target))
  const length = { limit, bytes: PAGE_BYTES, bytesEach: null }
  const readings = { target, reader, from, to, order, after: cursor, ...length }
  const { pieces, next } = await readReadings(source, readings, { write: reader.json, separator: ',' }, now)
  return {
    resolution: 'raw',
    step: 'raw',
    items: pieces,
    next: next && encodeCursor(microsecondsOf(next.measured), next.id),
  }
}

async function pointsPage(question: PointsRequest, timeZone: string, context: AnswerContext): Promise<PageText> {
  const { cursor, source, target, now } = context
  if (cursor !== null && cursor.step !== question.step.name) throw otherCursor()
  const kept = await context.kept()
  const { points, next } = await readPoints(source, target, question, { timeZone, kept, now, after: cursor })
  const { name } = question.step
  const written = createWrittenRows({ write: createPointWriter(question.plan).json, separator: ',' }, points.length)
  for (const point of points) written.add(point)
  return {
    resolution: resolutionOf(question.step, timeZone),
    step: name,
    items: written.pieces(),
    next: next && encodeCursor(name, String(next.at), next.socketId),
  }
}

function otherCursor(): Refusal {
  return new Refusal('invalid-cursor', 'The cursor is of another step; send the same step as for the page before.', [
    { pointer: '/cursor', detail: 'is of another step' },
  ])
}
