import type { Database } from '@iomt/database/connect'
import { type RawBuilder, sql } from 'kysely'
import { type TextRow, type TextSource, textRows } from '../readings/text-rows.ts'
import { consumedRows } from './consumed-rows.ts'
import type { PointsRequest } from './history-question.ts'
import type { HistoryTarget } from './history-target.ts'
import { CLOCK_AHEAD } from './instant.ts'
import type { KeptHistory } from './kept-history.ts'
import { liveSince } from './live-minutes.ts'
import { endOfSteps, resolutionOf, type Stretch, stretchOf } from './point-bins.ts'
import type { Point } from './point-text.ts'
import { consumptionQuery, type PageOfPoints, pointsQuery } from './points-query.ts'
import { columnsOf, needsConsumption } from './rollup-columns.ts'
import { LENGTH, type RowsQuestion, rollupRows } from './rollup-rows.ts'
import { steadySockets } from './steady-sockets.ts'
import type { RollupResolution } from './step.ts'

/** Where a page of points begins. */
export interface PointPlace {
  /** Milliseconds since 1970, the start of a step. */
  readonly at: number
  /** Sockets up to this one have been given; empty: none. */
  readonly socketId: string
}

export interface PointsPage {
  readonly points: readonly Point[]
  readonly next: PointPlace | null
}

/**
 * A page of points. It looks at as many steps as it may have items, so that a long range costs each page the same; where
 * nothing was stored it goes on at the next row there is.
 */
export async function readPoints(
  source: TextSource,
  target: HistoryTarget,
  question: PointsRequest,
  context: {
    readonly timeZone: string
    readonly kept: KeptHistory
    readonly now: Date
    readonly after: PointPlace | null
  },
): Promise<PointsPage> {
  const { limit, step, to, merge } = question
  const { database } = source
  const end = endOfSteps(step, context.timeZone, to)
  if (target.sockets.length === 0) return { points: [], next: null }
  const count = stepsOfPage(target, question, resolutionOf(question.step, context.timeZone))
  let from = context.after ? new Date(context.after.at) : question.from
  let seenSocket = context.after?.socketId ?? ''
  for (;;) {
    // A cursor of a longer range.
    if (from >= end) return { points: [], next: null }
    const stretch = stretchOf(step, context.timeZone, from, to, count, context.kept.minutes)
    const steady = await steadySockets(database, target.sockets, stretch)
    const page = { after: { at: stretch.from, socketId: seenSocket || NO_SOCKET }, limit: limit + 1 }
    const queries = stretchQueries({ ...target, steady }, question, stretch, context.now, page)
    // On two connections: each is half of the work.
    const [rows, consumed] = await Promise.all([
      textRows(source, queries.points),
      queries.consumption ? textRows(source, queries.consumption) : [],
    ])
    const kwh = consumptionOf(consumed)
    const points = rows.slice(0, limit).map((row): Point => {
      // Of several sockets together there is one consumption, whichever of them are behind the point.
      const key = merge === 'socket' ? keyOf(row) : `${row[0]} `
      return { row, consumed: kwh.get(key) ?? null }
    })
    const last = points.at(-1)?.row
    if (rows.length > limit && last) return { points, next: { at: Number(last[0]), socketId: last[1] ?? '' } }
    if (stretch.to >= end) return { points, next: null }
    // The writer rolls up the newest minutes first: before a row may lie minutes that have none yet.
    const places = [await nextRow(database, target, stretch, end), nextLive(stretch, end, context.now)]
    const next = places.filter((place) => place !== null).toSorted((one, other) => one.getTime() - other.getTime())[0]
    if (next === undefined) return { points, next: null }
    if (points.length > 0) return { points, next: { at: next.getTime(), socketId: '' } }
    from = next
    seenSocket = ''
  }
}

/** Rollup rows that a page may be made from: some 300 ms of Postgres. Pages get shorter then, not slower. */
const MAX_ROWS = 60_000

/** How many steps a page looks at. */
function stepsOfPage(
  target: HistoryTarget,
  { step, limit, merge }: PointsRequest,
  resolution: RollupResolution,
): number {
  const items = merge === 'socket' ? target.sockets.length : 1
  const rows = target.sockets.length * (step.milliseconds / LENGTH[resolution])
  return Math.max(1, Math.min(Math.ceil(limit / items), Math.floor(MAX_ROWS / rows)))
}

/** Smaller than every id. */
const NO_SOCKET = '00000000-0000-0000-0000-000000000000'

/** A page of the points of a stretch, in order, and what was consumed in all of its steps. */
export function stretchQueries(
  { sockets, steady, deviceId }: Pick<RowsQuestion, 'sockets' | 'steady' | 'deviceId'>,
  { plan, merge }: Pick<PointsRequest, 'plan' | 'merge'>,
  { from, to, bins, resolution, splitHours }: Stretch,
  now: Date,
  page: PageOfPoints,
): { points: RawBuilder<unknown>; consumption: RawBuilder<unknown> | null } {
  const columns = columnsOf(plan, merge === 'total')
  const question: RowsQuestion = { resolution, sockets, steady, deviceId, from, to, splitHours, now }
  const bucketIsStep = 'milliseconds' in bins && bins.milliseconds === LENGTH[resolution]
  const rows = rollupRows(bucketIsStep ? question : { ...question, steady: new Set() }, columns)
  return {
    points: pointsQuery(rows, { plan, columns, bins, merge }, page),
    consumption: needsConsumption(plan) ? consumptionQuery(consumedRows(question), { bins, merge }) : null,
  }
}

/** Time and socket of a row of either query. */
const keyOf = (row: TextRow) => `${row[0]} ${row[1] ?? ''}`

/** kWh by {@link keyOf}. */
function consumptionOf(rows: readonly TextRow[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row) => [keyOf(row), Number(row[2])]))
}

/** Where minutes may be that are not rolled up yet, after a stretch; of the future there are none. */
function nextLive(stretch: Stretch, to: Date, now: Date): Date | null {
  const next = Math.max(liveSince(now), stretch.to.getTime())
  return next < Math.min(to.getTime(), now.getTime() + CLOCK_AHEAD) ? new Date(next) : null
}

/** Where after a stretch the next rollup of the target is; null when there is none before `to`. */
async function nextRow(
  database: Database,
  { sockets, deviceId }: Pick<HistoryTarget, 'sockets' | 'deviceId'>,
  { resolution, to: after }: Stretch,
  to: Date,
): Promise<Date | null> {
  // A day may begin within an hour, whose second part is still to come.
  const start = new Date(Math.floor(after.getTime() / LENGTH[resolution]) * LENGTH[resolution])
  const ofDevice = deviceId === null ? sql`` : sql`and r.device_id = ${deviceId}`
  const { rows } = await sql<{ bucket: Date | null }>`
    select min(first.bucket) as bucket from unnest(${sockets}::uuid[]) as s(id) cross join lateral (
      select bucket from ${sql.table(`telemetry_rollups_${resolution}`)} r
      where r.socket_id = s.id and r.bucket >= ${start} and r.bucket < ${to} ${ofDevice} order by r.bucket limit 1
    ) first`.execute(database)
  const bucket = rows[0]?.bucket ?? null
  return bucket && bucket < after ? after : bucket
}
