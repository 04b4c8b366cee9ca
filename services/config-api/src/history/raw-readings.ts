import { type RawBuilder, sql } from 'kysely'
import { tookTooLong } from '../http/database-away.ts'
import { isoTime } from '../readings/row-json.ts'
import { eachTextRow, type TextRow, type TextSource } from '../readings/text-rows.ts'
import { createWrittenRows, type RowForm, type WrittenRows } from '../readings/written-rows.ts'
import type { Stay } from './device-stays.ts'
import type { HistoryTarget } from './history-target.ts'
import { CLOCK_AHEAD } from './instant.ts'
import { createReadingPace } from './reading-pace.ts'
import { placeOf, type ReadingReader, type SameInAllRows } from './reading-row.ts'

const HOUR = 3_600_000
/** Newest first is looked for in these last milliseconds first, then further back: fewer partitions to plan and to open. */
const LOOK_BACK = [HOUR, 24 * HOUR, 7 * 24 * HOUR]

type Order = 'asc' | 'desc'

/** A place in the order of readings. */
export interface ReadingPlace {
  /** As Postgres writes it, with microseconds and the offset of a zone; a Date's milliseconds would skip readings. */
  readonly measured: string
  readonly id: string
}

export interface ReadingsQuestion {
  readonly target: Pick<HistoryTarget, 'deviceId' | 'stays'>
  readonly reader: ReadingReader
  /** On `measured_at`, inclusive; null: no bound. */
  readonly from: Date | null
  /** Exclusive. */
  readonly to: Date | null
  readonly order: Order
  readonly after: ReadingPlace | null
  readonly limit: number
  /** Of text, after which no more readings are taken; one at least is. */
  readonly bytes: number
  /** Of the readings before these, if there were any: about how long each was. */
  readonly bytesEach: number | null
}

/** What of a question is in its SQL. */
type SelectedReadings = Omit<ReadingsQuestion, 'bytes' | 'bytesEach'>

/** Readings as they are sent. */
export interface ReadingsPage {
  /** UTF-8. */
  readonly pieces: readonly Buffer[]
  /** The last of them; null when no more follow. */
  readonly next: ReadingPlace | null
  readonly count: number
  /** About how long each is; null when there are none. */
  readonly bytesEach: number | null
}

/** The next readings in order of `measured_at` and id, in a form of rows of `question.reader`. */
export async function readReadings(
  source: TextSource,
  question: ReadingsQuestion,
  form: RowForm<TextRow>,
  now: Date,
): Promise<ReadingsPage> {
  const { limit, bytes, bytesEach } = question
  for (const from of lowerBounds(question, now)) {
    const written = createWrittenRows(form, limit, bytes)
    // One more tells whether any follow.
    const query = readingsQuery({ ...question, from, limit: limit + 1 })
    const pace = createReadingPace(written, bytes, bytesEach)
    const whole = query === null || (await allCame(eachTextRow(source, query, written.add, pace), written))
    const count = written.written()
    const more = !whole || written.rows() > count
    if (!more && from !== question.from) continue
    const last = more ? written.last() : null
    const each = count === 0 ? null : written.bytes() / count
    return { pieces: written.pieces(), next: last && placeOf(last), count, bytesEach: each }
  }
  return { pieces: [], next: null, count: 0, bytesEach: null }
}

/**
 * False when Postgres took too long, but some came: they are the first, and what follows can be asked for after them. So it is
 * where a socket's readings get longer all of a sudden, and those that were to come in one lot are too much for the query's time.
 */
async function allCame(reading: Promise<void>, written: WrittenRows<TextRow>): Promise<boolean> {
  try {
    await reading
    return true
  } catch (error) {
    if (written.written() === 0 || !tookTooLong(error)) throw error
    return false
  }
}

/** What every reading of a target has. */
export function sameInAllRows({ deviceId, stays }: Pick<HistoryTarget, 'deviceId' | 'stays'>): SameInAllRows {
  const [first] = stays
  const one = first !== undefined && stays.every(({ socketId }) => socketId === first.socketId)
  return { socketId: one ? first.socketId : null, deviceId }
}

/** From where to look, one after the other; the last is what was asked for. */
function lowerBounds({ order, from, to, after }: ReadingsQuestion, now: Date): (Date | null)[] {
  if (order === 'asc') return [from]
  const newest = Math.min(
    now.getTime() + CLOCK_AHEAD,
    to?.getTime() ?? Number.POSITIVE_INFINITY,
    // The last millisecond is cut off.
    after === null ? Number.POSITIVE_INFINITY : Date.parse(isoTime(after.measured)) + 1,
  )
  const bounds = LOOK_BACK.map((length) => new Date(newest - length))
  // Worth a query of its own only when it saves days.
  const saves = (bound: Date) => from === null || bound.getTime() - from.getTime() > 24 * HOUR
  return [...bounds.filter((bound) => saves(bound) && bound.getTime() > 0), from]
}

/**
 * One index scan for each socket and partition, merged. The bounds of a stay are written out for each: taken from a joined
 * row, their selectivity would be guessed, and the guess is a scan by the wrong index (measured: 320 ms instead of 8).
 */
export function readingsQuery(question: SelectedReadings): RawBuilder<unknown> | null {
  const { from } = question
  // What was measured since then cannot have arrived in a stay that was over.
  const stays = question.target.stays.filter(
    ({ until }) => from === null || until === null || until.getTime() > from.getTime() - CLOCK_AHEAD,
  )
  if (stays.length === 0) return null
  const [only] = stays
  if (only && stays.length === 1) return ofSocket(question, sql`${only.socketId}`, only)
  const bounded = stays.some(({ since, until }) => since !== null || until !== null)
  const sockets = stays.map(({ socketId }) => socketId)
  const parts = bounded
    ? sql.join(
        stays.map((stay) => sql`(${ofSocket(question, sql`${stay.socketId}`, stay)})`),
        sql` union all `,
      )
    : sql`select r.* from unnest(${sockets}::uuid[]) as s(id)
        cross join lateral (${ofSocket(question, sql`s.id`, { since: null, until: null })}) r`
  return sql`select ${question.reader.outer} from (${parts}) r ${firstOf(question, sql`r`)}`
}

function ofSocket(question: SelectedReadings, socket: RawBuilder<unknown>, stay: Pick<Stay, 'since' | 'until'>) {
  return sql`
    select ${question.reader.columns} from device_data_logs l
    where l.socket_id = ${socket} ${arrived(stay, question.from)} ${conditions(question)} ${firstOf(question, sql`l`)}`
}

/**
 * The limit is a subquery so that the planner does not know it; it then expects a tenth of the rows to be asked for. Of a limit
 * that is as long as the range, or of a range that it takes for shorter than it is, it would read everything by heap page and
 * sort it: the first reading of a day's 8,640 left after 22 ms, the last after 34. In the order of the index the first leaves
 * at once, is written here while Postgres reads on, and the last leaves after 26; the newest 50 take 0.2 ms instead of 5. Where
 * nothing is in memory that order is the slower one: 0.9 s for a day instead of 0.4 (PostgreSQL 18, which reads pages ahead).
 */
function firstOf({ order, limit }: SelectedReadings, row: RawBuilder<unknown>) {
  const direction = order === 'asc' ? sql`asc` : sql`desc`
  return sql`order by ${row}.measured_at ${direction}, ${row}.id ${direction} limit (select ${limit}::bigint)`
}

/**
 * Says in the words of the partitions what can have arrived: within the stay, and not before it was measured; late readings may
 * lie in any later one. One lower bound and not two, since each is weighed for each partition (0.7 of 4.4 ms for 21 of them).
 */
function arrived({ since, until }: Pick<Stay, 'since' | 'until'>, from: Date | null): RawBuilder<unknown> {
  const measured = from && new Date(from.getTime() - CLOCK_AHEAD)
  const first = since && measured && since < measured ? measured : (since ?? measured)
  const lower = first === null ? sql`` : sql`and l.timestamp >= ${first}`
  return until === null ? lower : sql`${lower} and l.timestamp < ${until}`
}

/** What does not depend on the socket, each beginning with `and`. */
function conditions({ target, from, to, order, after }: Omit<SelectedReadings, 'limit' | 'reader'>) {
  const parts: RawBuilder<unknown>[] = []
  // A socket has one device for weeks, which Postgres does not know: it would take the device for one more sieve, expect too few
  // rows for a page, and read the whole range before it sorts (22 ms for 2,000 of 8,640 readings, instead of 3).
  if (target.deviceId !== null) parts.push(sql`and coalesce(l.device_id = ${target.deviceId}, false)`)
  if (from !== null) parts.push(sql`and l.measured_at >= ${from}`)
  if (to !== null) parts.push(sql`and l.measured_at < ${to}`)
  if (after !== null) {
    const place = sql`(${after.measured}::timestamptz, ${after.id}::uuid)`
    parts.push(sql`and (l.measured_at, l.id) ${order === 'asc' ? sql`>` : sql`<`} ${place}`)
  }
  return sql.join(parts, sql` `)
}
