import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { invalidField } from '../changes/refusal.ts'
import { createSilentTimes, type SilentTimes } from './energy-coverage.ts'
import { type EnergyQuestion, readConsumption, readSilences } from './energy-query.ts'
import { stretchesOf } from './energy-stretches.ts'
import { liveSince } from './live-minutes.ts'
import type { Period } from './periods.ts'

const HOUR = 3_600_000
/** Hours of sockets that an answer is made of at most: it takes some 20 s, and a connection is closed after 60. */
const MAX_SOCKET_HOURS = 4_000_000

export interface MeasuredEnergy {
  /** kWh of each period; null where no reading carried the counter. */
  readonly consumed: readonly (number | null)[]
  readonly silent: SilentTimes
  /** That have a counter. */
  readonly sockets: number
}

export interface ReadEnergyOptions {
  /** Aborted: it ends before the next stretch, with the signal's reason. */
  readonly signal?: AbortSignal
  /** Of a stretch, for tests. */
  readonly maxRows?: number
}

/**
 * Reads a range stretch by stretch: a year of 250 sockets is 2.2 million rows, which no single query reads in its time.
 * @throws Refusal when it is more than can be waited for.
 */
export async function readEnergy(
  database: Database,
  question: EnergyQuestion,
  periods: readonly Period[],
  { signal, maxRows }: ReadEnergyOptions = {},
): Promise<MeasuredEnergy> {
  const consumed = periods.map((): number | null => null)
  const silent = createSilentTimes(periods, question.now.getTime())
  let sockets = 0
  for (const { from, to, last } of await stretches(database, question, maxRows)) {
    signal?.throwIfAborted()
    const splitHours = question.splitHours.filter((hour) => hour >= from && hour < to)
    const stretch = { ...question, from, to, splitHours }
    const [kwh, found] = await Promise.all([
      readConsumption(database, stretch, periods),
      readSilences(database, stretch, { from: question.from, last }),
    ])
    for (const [index, more] of kwh.entries()) if (more !== null) consumed[index] = (consumed[index] ?? 0) + more
    for (const silence of found.silences) silent.add(silence)
    sockets = found.sockets
  }
  return { consumed, silent, sockets }
}

async function stretches(database: Database, question: EnergyQuestion, maxRows: number | undefined) {
  const { sockets, from, to, now } = question
  const open = new Date(liveSince(now))
  const whole = stretchesOf(question, sockets.length, { first: from, open }, maxRows)
  if (whole.length === 1) return whole
  // Of a range "since ever" only what there is counts.
  const first = (await firstHour(database, question)) ?? to
  const hours = (Math.min(to.getTime(), now.getTime()) - first.getTime()) / HOUR
  if (hours * sockets.length > MAX_SOCKET_HOURS) {
    const most = Math.floor(MAX_SOCKET_HOURS / sockets.length / 24)
    throw invalidField(
      '/from',
      `is too early: of ${sockets.length} sockets at most ${most} days can be added up at once`,
    )
  }
  return stretchesOf(question, sockets.length, { first, open }, maxRows)
}

async function firstHour(database: Database, { sockets, from, to }: EnergyQuestion): Promise<Date | null> {
  const { rows } = await sql<{ bucket: Date | null }>`
    select min(first.bucket) as bucket from unnest(${sockets}::uuid[]) as s(id) cross join lateral (
      select bucket from telemetry_rollups_1h r
      where r.socket_id = s.id and r.bucket >= ${from} and r.bucket < ${to} order by r.bucket limit 1
    ) first`.execute(database)
  return rows[0]?.bucket ?? null
}
