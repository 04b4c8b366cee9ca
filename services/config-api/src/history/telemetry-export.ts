import { isoTime } from '../readings/row-json.ts'
import type { TextRow } from '../readings/text-rows.ts'
import type { HistoryFormat } from './export-format.ts'
import type { PointsRequest, ReadingsRequest } from './history-question.ts'
import type { HistoryTarget } from './history-target.ts'
import { createPointWriter, type Point } from './point-text.ts'
import { type ReadingPlace, type ReadingsPage, readReadings, sameInAllRows } from './raw-readings.ts'
import { type PointPlace, type PointsPage, readPoints } from './read-points.ts'
import { createReadingReader } from './reading-row.ts'
import type { AnswerContext } from './telemetry-answer.ts'

/** Items of one query; 5,000 take no less time. */
const BATCH = 2_500
/** Of text, and of long readings the end of a batch: all that an export holds at a time. Ordinary ones take 1 to 1.5 MB. */
const BATCH_BYTES = 2 * 1024 ** 2
const NOTHING_KNOWN = { socketId: null, deviceId: null }

/** What an export needs of its question; `limit` null: everything. */
type WithLimit<Request> = Omit<Request, 'limit'> & { readonly limit: number | null }
type ExportContext = Pick<AnswerContext, 'source' | 'kept' | 'now'> & {
  readonly target: HistoryTarget
  readonly timeZone: string
}

/**
 * The text of an export, piece by piece, each made when the one before has left: nothing is held but one batch. By keyset
 * and not by a cursor of the server: that would keep a snapshot and a lock for as long as the client likes to read, and
 * `detach partition concurrently` and vacuum wait for those; it would also keep a connection of the pool.
 */
export function telemetryExport(
  question: WithLimit<ReadingsRequest> | WithLimit<PointsRequest>,
  format: Exclude<HistoryFormat, 'json'>,
  context: ExportContext,
): AsyncGenerator<string | Buffer> {
  return question.step === null ? exportReadings(question, format, context) : exportPoints(question, format, context)
}

/** Socket by socket, each in order of time. */
async function* exportReadings(
  question: WithLimit<ReadingsRequest>,
  format: Exclude<HistoryFormat, 'json'>,
  { source, target, now }: ExportContext,
): AsyncGenerator<string | Buffer> {
  const { measurements, from, to, order } = question
  if (format === 'csv') yield createReadingReader(measurements, NOTHING_KNOWN).csvHead()
  let left = question.limit ?? Number.POSITIVE_INFINITY
  for (const socketId of target.sockets) {
    const stays = target.stays.filter((stay) => stay.socketId === socketId)
    const ofSocket = { deviceId: target.deviceId, stays }
    const reader = createReadingReader(measurements, sameInAllRows(ofSocket))
    const write = format === 'csv' ? reader.csv : (row: TextRow) => `${reader.json(row)}\n`
    let after: ReadingPlace | null = null
    let bytesEach: number | null = null
    for (let more = true; more && left > 0; more = after !== null) {
      const limit = Math.min(BATCH, left)
      // What has been given need not be looked for again: fewer partitions.
      const since: Date | null = after && order === 'asc' ? new Date(isoTime(after.measured)) : from
      const length = { limit, bytes: BATCH_BYTES, bytesEach }
      const readings = { target: ofSocket, reader, from: since, to, order, after, ...length }
      const page: ReadingsPage = await readReadings(source, readings, { write, separator: '' }, now)
      bytesEach = page.bytesEach
      yield* page.pieces
      after = page.next
      left -= page.count
    }
  }
}

async function* exportPoints(
  question: WithLimit<PointsRequest>,
  format: Exclude<HistoryFormat, 'json'>,
  { source, target, kept, now, timeZone }: ExportContext,
): AsyncGenerator<string> {
  const writer = createPointWriter(question.plan)
  if (format === 'csv') yield writer.csvHead()
  const write = format === 'csv' ? writer.csv : (point: Point) => `${writer.json(point)}\n`
  let left = question.limit ?? Number.POSITIVE_INFINITY
  let after: PointPlace | null = null
  do {
    const page = { ...question, limit: Math.min(BATCH, left) }
    const { points, next }: PointsPage = await readPoints(source, target, page, {
      timeZone,
      kept: await kept(),
      now,
      after,
    })
    if (points.length > 0) yield points.map(write).join('')
    left -= points.length
    after = next
  } while (after !== null && left > 0)
}
