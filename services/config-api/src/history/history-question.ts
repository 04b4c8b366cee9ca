import { MEASUREMENT_NAMES, type MeasurementName } from '@iomt/contracts/measurements'
import { DEFAULT_PAGE_SIZE } from '@iomt/contracts/rest/page'
import { DEFAULT_HISTORY_LIMIT, type TotalsHistoryQuery } from '@iomt/contracts/rest/telemetry-history'
import { invalidField } from '../changes/refusal.ts'
import { requireTimeZone } from '../pdus/time-zone.ts'
import { readMeasurementList } from '../readings/measurement-list.ts'
import { type AggregatePlan, planAggregates } from './aggregate-plan.ts'
import type { TargetKind } from './history-target.ts'
import { readInstant } from './instant.ts'
import type { KeptHistory } from './kept-history.ts'
import type { Merge } from './points-query.ts'
import { chooseStep, readStep, type Step } from './step.ts'

/** Steps back from `to` when there is no `from`. */
const DEFAULT_STEPS = 1_000

/** What a request asks for, read and checked. */
export type HistoryQuestion = ReadingsRequest | PointsRequest

export interface ReadingsRequest {
  readonly step: null
  readonly measurements: readonly MeasurementName[]
  readonly from: Date | null
  readonly to: Date | null
  readonly order: 'asc' | 'desc'
  readonly timeZone: string | null
  readonly limit: number
}

export interface PointsRequest {
  readonly step: Step
  readonly plan: AggregatePlan
  readonly merge: Merge
  readonly from: Date
  readonly to: Date
  /** Null: the target's. */
  readonly timeZone: string | null
  readonly limit: number
}

export interface QuestionContext {
  readonly kind: TargetKind
  readonly now: Date
  readonly kept: () => Promise<KeptHistory>
  /** The step of the page before, when the request leaves the choice to the server. */
  readonly stepOfCursor: string | null
}

/** @throws Refusal naming the parameter that cannot be used, and what can. */
export async function readQuestion(query: TotalsHistoryQuery, context: QuestionContext): Promise<HistoryQuestion> {
  const from = readInstant('/from', query.from)
  const to = readInstant('/to', query.to)
  if (from && to && from >= to) throw invalidField('/to', 'must be later than from')
  requireTimeZone('/timezone', query.timezone)
  const measurements = readMeasurementList(query.measurements)
  const timeZone = query.timezone ?? null
  const step = await stepOf(query, from, to, context)
  const bounded = from !== null || to !== null || query.step !== undefined
  const limit = query.limit ?? (bounded ? DEFAULT_HISTORY_LIMIT : DEFAULT_PAGE_SIZE)
  if (step === null) {
    if (query.agg !== undefined && query.step === 'raw') {
      throw invalidField('/agg', 'is for steps: raw readings are not aggregated')
    }
    const all = measurements ?? MEASUREMENT_NAMES
    return { step, measurements: all, from, to, order: query.order ?? 'desc', timeZone, limit }
  }
  if (query.order === 'desc') throw invalidField('/order', 'is for raw readings: points come in the order of time')
  const merge = mergeOf(context.kind, query.group_by)
  const end = to ?? context.now
  const begin = from ?? new Date(Math.max(0, end.getTime() - DEFAULT_STEPS * step.milliseconds))
  if (begin >= end) throw invalidField('/from', 'lies in the future')
  const plan = planAggregates(query.agg, measurements, merge === 'total')
  return { step, plan, merge, from: begin, to: end, timeZone, limit }
}

async function stepOf(
  query: TotalsHistoryQuery,
  from: Date | null,
  to: Date | null,
  { kind, now, kept, stepOfCursor }: QuestionContext,
): Promise<Step | null> {
  const named = query.step ?? stepOfCursor
  if (named !== null) return readStep(named)
  // Aggregates were asked for, so readings as they are would be no answer.
  const aggregated = query.agg !== undefined || query.group_by !== undefined
  if (from === null) return aggregated ? readStep('1h') : null
  const chosen = chooseStep(from, to ?? now, await kept())
  // Readings of many sockets are too many, and no total.
  const many = kind === 'pdu' || kind === 'department'
  return chosen === null && (aggregated || many) ? readStep('1m') : chosen
}

function mergeOf(kind: TargetKind, groupBy: 'socket' | undefined): Merge {
  if (kind === 'device') return 'device'
  return kind === 'socket' || groupBy === 'socket' ? 'socket' : 'total'
}
