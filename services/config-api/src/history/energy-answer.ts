import type { Energy, EnergyPeriod, EnergyQuery } from '@iomt/contracts/rest/energy'
import type { Database } from '@iomt/database/connect'
import { invalidField } from '../changes/refusal.ts'
import { requireTimeZone } from '../pdus/time-zone.ts'
import type { Coverage } from './energy-coverage.ts'
import type { HistoryTarget } from './history-target.ts'
import { readInstant } from './instant.ts'
import type { KeptHistory } from './kept-history.ts'
import { type Period, periodsOf } from './periods.ts'
import { splitHoursOf } from './point-bins.ts'
import { rounded } from './point-text.ts'
import { readEnergy } from './read-energy.ts'
import { steadySockets } from './steady-sockets.ts'
import { createTimeZoneClock } from './time-zone-clock.ts'

const HOUR = 3_600_000
const DEFAULT_RANGE = 30 * 24 * HOUR
const MAX_PERIODS = 2_000

export interface EnergyContext {
  readonly database: Database
  readonly target: HistoryTarget
  readonly kept: KeptHistory
  readonly now: Date
  /** Aborted: nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** @throws Refusal naming the parameter that cannot be used. */
export async function energyAnswer(
  query: EnergyQuery,
  { database, target, kept, now, signal }: EnergyContext,
): Promise<Energy> {
  const asked = rangeOf(query, now)
  const [from, to] = [Math.floor(asked.from / HOUR) * HOUR, Math.ceil(asked.to / HOUR) * HOUR]
  requireTimeZone('/timezone', query.timezone)
  if (query.currency !== undefined && query.price_per_kwh === undefined) {
    throw invalidField('/currency', 'says nothing without price_per_kwh')
  }
  const timeZone = query.timezone ?? target.timeZone
  const name = query.period ?? 'day'
  const periods = periodsOf(name, createTimeZoneClock(timeZone), from, to, MAX_PERIODS + 1)
  if (periods.length > MAX_PERIODS) {
    throw invalidField('/period', `gives more than ${MAX_PERIODS} periods in this range; choose a longer one`)
  }
  const splitHours = splitHoursOf(
    periods.map((period) => period.from),
    kept.minutes,
  )
  const range = { from: new Date(from), to: new Date(to) }
  const steady = await steadySockets(database, target.sockets, range)
  const question = { sockets: target.sockets, steady, deviceId: target.deviceId, ...range, splitHours, now }
  const { consumed, silent, sockets } = await readEnergy(database, question, periods, { signal })
  const price = query.price_per_kwh ?? null
  // Where days begin within an hour, rounding to hours makes a piece of the day before and of the day after.
  const shown = periods.flatMap((period, index) => (period.to > asked.from && period.from < asked.to ? [index] : []))
  const [first = 0, last = first] = [shown[0], shown.at(-1)]
  // A device's silence is one, wherever it was plugged in.
  const meters = target.deviceId === null ? sockets : Math.min(1, sockets)
  const items = shown.map((index) =>
    periodView(periods[index] as Period, consumed[index] ?? null, price, silent.coverage(index, index, meters)),
  )
  const known = shown.flatMap((index) => consumed[index] ?? [])
  const sum = known.length === 0 ? null : known.reduce((one, other) => one + other, 0)
  const whole = { from: periods[first]?.from ?? from, to: periods[last]?.to ?? to }
  const { from: _from, to: _to, ...total } = periodView(whole, sum, price, silent.coverage(first, last, meters))
  return {
    from: new Date(whole.from).toISOString(),
    to: new Date(whole.to).toISOString(),
    period: name,
    timezone: timeZone,
    price_per_kwh: price,
    currency: query.currency ?? null,
    sockets,
    total,
    items,
  }
}

function rangeOf(query: EnergyQuery, now: Date): Period {
  const end = readInstant('/to', query.to) ?? now
  const begin = readInstant('/from', query.from) ?? new Date(Math.max(0, end.getTime() - DEFAULT_RANGE))
  if (begin >= end) throw invalidField('/from', 'must be earlier than to (which is now when it is left out)')
  return { from: begin.getTime(), to: end.getTime() }
}

function periodView({ from, to }: Period, kwh: number | null, price: number | null, covered: Coverage): EnergyPeriod {
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    kwh: kwh === null ? null : rounded(kwh),
    cost: kwh === null || price === null ? null : rounded(kwh * price),
    ...covered,
  }
}
