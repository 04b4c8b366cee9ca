import { type Measurements, NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type { StoredReading } from './stored-readings.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A question about points, with what the service has to find out by itself. */
export interface PointsQuestion {
  readonly path: string
  readonly step: string
  readonly from: number
  readonly to: number
  readonly zone: string
  readonly merge: 'socket' | 'device' | 'total'
  readonly sockets: readonly string[]
  readonly deviceId: string | null
}

const FORMATS = new Map<string, Intl.DateTimeFormat>()

/** Which step a time lies in, as text; the local date of days is taken from Intl's own formatting. */
export function binOf({ step, zone }: PointsQuestion, at: number): number {
  const count = Number.parseInt(step, 10)
  const unit = { m: MINUTE, h: HOUR, d: DAY }[step.at(-1) as 'm' | 'h' | 'd']
  if (unit !== DAY) return Math.floor(at / (count * unit))
  const format = FORMATS.get(zone) ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone })
  FORMATS.set(zone, format)
  const local = format.format(at)
  // Day 4 of 1970 was a Monday.
  return Math.floor((Date.parse(`${local}T00:00:00Z`) / DAY - 4) / count)
}

/** What each step has to say, from the readings alone: no rollups, no SQL. */
export function answerOf(question: PointsQuestion, readings: readonly StoredReading[]): Map<string, Expected> {
  const { sockets, deviceId, merge } = question
  const sorted = readings
    .filter(({ socketId }) => sockets.includes(socketId))
    .toSorted((one, other) => one.measuredAt.getTime() - other.measuredAt.getTime())
  const [first, last] = [binOf(question, question.from), binOf(question, question.to - 1)]
  const inRange = sorted.filter((reading) => {
    const bin = binOf(question, reading.measuredAt.getTime())
    return bin >= first && bin <= last && (deviceId === null || reading.deviceId === deviceId)
  })
  const groups = Map.groupBy(inRange, (reading) => {
    const bin = binOf(question, reading.measuredAt.getTime())
    return merge === 'socket' ? `${bin} ${reading.socketId}` : String(bin)
  })
  const consumed = consumption(sorted, deviceId)
  return new Map([...groups].map(([key, group]) => [key, expectedOf(group, merge, consumed)]))
}

export type Expected = Record<string, number | boolean>

function consumption(sorted: readonly StoredReading[], deviceId: string | null): Map<StoredReading, number> {
  const last = new Map<string, StoredReading>()
  const consumed = new Map<StoredReading, number>()
  for (const reading of sorted) {
    const { energy } = reading.measurements
    if (energy === undefined) continue
    const before = last.get(reading.socketId)
    const previous = before?.measurements.energy ?? 0
    const foreign = deviceId !== null && before?.deviceId !== reading.deviceId
    consumed.set(reading, before === undefined || foreign ? 0 : energy >= previous ? energy - previous : energy)
    last.set(reading.socketId, reading)
  }
  return consumed
}

const SUMMED = new Set(['current', 'active_power', 'apparent_power', 'reactive_power'])
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
const mean = (values: readonly number[]) => total(values) / values.length

function expectedOf(
  group: readonly StoredReading[],
  merge: PointsQuestion['merge'],
  consumed: Map<StoredReading, number>,
): Expected {
  const expected: Expected = { readings: group.length, sockets: new Set(group.map(({ socketId }) => socketId)).size }
  const bySocket = [...Map.groupBy(group, ({ socketId }) => socketId).values()]
  const numbers = (readings: readonly StoredReading[], name: keyof Measurements) =>
    readings.flatMap(({ measurements }) => (measurements[name] === undefined ? [] : [Number(measurements[name])]))
  for (const name of NUMERIC_MEASUREMENTS) {
    const all = numbers(group, name)
    if (all.length === 0) continue
    const each = bySocket.map((readings) => numbers(readings, name)).filter(({ length }) => length > 0)
    expected[`${name}.count`] = all.length
    if (name === 'energy') {
      expected['energy.delta'] = total(group.flatMap((reading) => consumed.get(reading) ?? []))
      if (merge !== 'total')
        Object.assign(expected, {
          'energy.min': Math.min(...all),
          'energy.max': Math.max(...all),
          'energy.last': all.at(-1),
        })
      continue
    }
    const adds = merge === 'total' && SUMMED.has(name)
    const hottest = merge === 'total' && name === 'temperature'
    expected[`${name}.sum`] = total(all)
    expected[`${name}.min`] = adds ? total(each.map((values) => Math.min(...values))) : Math.min(...all)
    expected[`${name}.max`] = adds ? total(each.map((values) => Math.max(...values))) : Math.max(...all)
    expected[`${name}.avg`] = adds ? total(each.map(mean)) : hottest ? Math.max(...each.map(mean)) : mean(all)
    const lasts = each.map((values) => values.at(-1) as number)
    if (merge !== 'total') expected[`${name}.last`] = all.at(-1) as number
    else expected[`${name}.last`] = adds ? total(lasts) : hottest ? Math.max(...lasts) : mean(lasts)
  }
  if (merge === 'total') {
    const both = bySocket
      .map((readings) => [numbers(readings, 'active_power'), numbers(readings, 'apparent_power')] as const)
      .filter(([real, apparent]) => real.length > 0 && apparent.length > 0)
    const apparent = total(both.map(([, values]) => mean(values)))
    if (apparent !== 0) expected['power_factor.avg'] = total(both.map(([values]) => mean(values))) / apparent
  }
  const relays = numbers(group, 'relay_on')
  if (relays.length > 0) {
    Object.assign(expected, {
      'relay_on.count': relays.length,
      'relay_on.sum': total(relays),
      'relay_on.avg': mean(relays),
    })
    const lasts = bySocket.flatMap((readings) => numbers(readings, 'relay_on').slice(-1))
    expected['relay_on.last'] = Boolean(merge === 'total' ? Math.max(...lasts) : relays.at(-1))
  }
  return expected
}
