import type { TelemetryPoint } from '@iomt/contracts/rest/telemetry-history'
import type { Database } from '@iomt/database/connect'
import { type RawBuilder, sql } from 'kysely'
import { consumedRows } from './consumed-rows.ts'
import type { PointsRequest } from './history-question.ts'
import type { HistoryTarget } from './history-target.ts'
import type { KeptHistory } from './kept-history.ts'
import { liveSince } from './live-minutes.ts'
import { endOfSteps, resolutionOf, type Stretch, stretchOf } from './point-bins.ts'
import { type ConsumptionRow, consumptionQuery, isGauge, type PointRow, pointsQuery } from './points-query.ts'
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
  readonly items: TelemetryPoint[]
  readonly next: PointPlace | null
}

/**
 * A page of points. It looks at as many steps as it may have items, so that a long range costs each page the same; where
 * nothing was stored it goes on at the next row there is.
 */
export async function readPoints(
  database: Database,
  target: HistoryTarget,
  question: PointsRequest,
  context: {
    readonly timeZone: string
    readonly kept: KeptHistory
    readonly now: Date
    readonly after: PointPlace | null
  },
): Promise<PointsPage> {
  const { limit, step, to } = question
  const end = endOfSteps(step, context.timeZone, to)
  if (target.sockets.length === 0) return { items: [], next: null }
  const count = stepsOfPage(target, question, resolutionOf(question.step, context.timeZone))
  let from = context.after ? new Date(context.after.at) : question.from
  let seenSocket = context.after?.socketId ?? ''
  for (;;) {
    const stretch = stretchOf(step, context.timeZone, from, to, count, context.kept.minutes)
    const steady = await steadySockets(database, target.sockets, stretch)
    const { points, consumption } = stretchQueries({ ...target, steady }, question, stretch, context.now)
    const some = sql<PointRow>`select * from (${points}) points
      where at > ${stretch.from} or socket_id > ${seenSocket || NO_SOCKET}::uuid or socket_id is null
      order by at, socket_id limit ${limit + 1}`
    // On two connections: each is half of the work.
    const [{ rows }, consumed] = await Promise.all([some.execute(database), consumption?.execute(database)])
    const kwh = consumptionOf(consumed?.rows ?? [])
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const items = page.map((row) => pointOf(row, question, kwh))
    if (rows.length > limit && last) return { items, next: { at: last.at.getTime(), socketId: last.socket_id ?? '' } }
    if (stretch.to >= end) return { items, next: null }
    const next = (await nextRow(database, target, stretch, end)) ?? nextLive(stretch, end, context.now)
    if (next === null) return { items, next: null }
    if (items.length > 0) return { items, next: { at: next.getTime(), socketId: '' } }
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

/** All points of a stretch, in order, and what was consumed in each. */
export function stretchQueries(
  { sockets, steady, deviceId }: Pick<RowsQuestion, 'sockets' | 'steady' | 'deviceId'>,
  { plan, merge }: Pick<PointsRequest, 'plan' | 'merge'>,
  { from, to, bins, resolution, splitHours }: Stretch,
  now: Date,
): { points: RawBuilder<PointRow>; consumption: RawBuilder<ConsumptionRow> | null } {
  const columns = columnsOf(plan, merge === 'total')
  const question: RowsQuestion = { resolution, sockets, steady, deviceId, from, to, splitHours, now }
  const bucketIsStep = 'milliseconds' in bins && bins.milliseconds === LENGTH[resolution]
  const rows = rollupRows(bucketIsStep ? question : { ...question, steady: new Set() }, columns)
  return {
    points: pointsQuery(rows, plan, columns, bins, merge),
    consumption: needsConsumption(plan) ? consumptionQuery(consumedRows(question), bins, merge) : null,
  }
}

const keyOf = (at: Date, socketId: string | null) => `${at.getTime()} ${socketId ?? ''}`

function consumptionOf(rows: readonly ConsumptionRow[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row) => [keyOf(row.at, row.socket_id), row.kwh]))
}

function pointOf(
  row: PointRow,
  { plan, merge }: Pick<PointsRequest, 'plan' | 'merge'>,
  consumption: ReadonlyMap<string, number>,
): TelemetryPoint {
  const { at, socket_id: socketId, sockets, readings } = row
  const measurements: TelemetryPoint['measurements'] = {}
  let index = 0
  for (const { measurement, aggregates } of plan) {
    for (const aggregate of aggregates) {
      let value: number | boolean | null | undefined
      if (isGauge(aggregate)) {
        value = row[`v${index}`]
        index += 1
      } else {
        value = consumption.get(keyOf(at, merge === 'socket' ? socketId : null))
      }
      if (value === null || value === undefined) continue
      const values = measurements[measurement] ?? {}
      values[aggregate] = typeof value === 'number' && COMPUTED.has(aggregate) ? rounded(value) : value
      measurements[measurement] = values
    }
  }
  return { timestamp: at.toISOString(), socket_id: socketId, sockets, readings, measurements }
}

/** The others are values that were measured, and stay as they are. */
const COMPUTED: ReadonlySet<string> = new Set(['avg', 'sum', 'delta'])

/** To a millionth: beyond it are only the traces of adding binary fractions. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/** Where minutes may be that are not rolled up yet, after a stretch. */
function nextLive(stretch: Stretch, to: Date, now: Date): Date | null {
  const live = liveSince(now)
  return to.getTime() > live ? new Date(Math.max(live, stretch.to.getTime())) : null
}

/** Where after a stretch the next rollup of these sockets is; null when there is none before `to`. */
async function nextRow(
  database: Database,
  { sockets }: Pick<HistoryTarget, 'sockets'>,
  { resolution, to: after }: Stretch,
  to: Date,
): Promise<Date | null> {
  // A day may begin within an hour, whose second part is still to come.
  const start = new Date(Math.floor(after.getTime() / LENGTH[resolution]) * LENGTH[resolution])
  const { rows } = await sql<{ bucket: Date | null }>`
    select min(first.bucket) as bucket from unnest(${sockets}::uuid[]) as s(id) cross join lateral (
      select bucket from ${sql.table(`telemetry_rollups_${resolution}`)} r
      where r.socket_id = s.id and r.bucket >= ${start} and r.bucket < ${to} order by r.bucket limit 1
    ) first`.execute(database)
  const bucket = rows[0]?.bucket ?? null
  return bucket && bucket < after ? after : bucket
}
