import type { FilledHistory } from './fill-history.ts'
import { departmentId, deviceId, MOVED_SOCKETS, PDUS_PER_DEPARTMENT, pduId, SOCKETS_PER_PDU } from './history-estate.ts'
import { type EndpointResult, measureEndpoint, type Question } from './measure-endpoint.ts'

const DAY = 86_400_000

/**
 * What is asked; each request for another device, PDU or day, but for the current state, which is always that of all. Where
 * a socket had two devices in a bucket its rows must be merged first, which takes longer: PDUs of that kind have a question
 * of their own, and are as many as the others, so that both are asked for as often.
 */
export function historyQuestions(filled: FilledHistory, requests: number): Record<string, Question> {
  const { start, days, sockets, pdus, steadyPdus, interval } = filled
  const iso = (day: number) => new Date(start.getTime() + day * DAY).toISOString()
  const device = (request: number) => deviceId((request * 7) % sockets)
  const someDay = (request: number) => `from=${iso(request % days)}&to=${iso((request % days) + 1)}`
  const steady = (request: number) => pduId(request % steadyPdus)
  const unsteady = (request: number) => pduId(steadyPdus + (request % (pdus - steadyPdus)))
  const month = `from=${iso(Math.max(0, days - 31))}&to=${iso(days)}`
  const each = (path: Question['path']): Question => ({ path, requests })
  const perDay = (86_400 / interval).toLocaleString('en')
  return {
    [`device, one day raw, all ${perDay} readings`]: each(
      (n) => `/mqtt/devices/${device(n)}/telemetry?step=raw&limit=10000&${someDay(n)}`,
    ),
    // As many as a day has of a device that sends once a minute.
    'device, 1,440 readings raw': each((n) => {
      const from = start.getTime() + (n % days) * DAY
      const to = new Date(from + 1_440 * interval * 1_000).toISOString()
      return `/mqtt/devices/${device(n)}/telemetry?step=raw&from=${new Date(from).toISOString()}&to=${to}`
    }),
    'device, one day raw, a page of 2,000': each((n) => `/mqtt/devices/${device(n)}/telemetry?step=raw&${someDay(n)}`),
    'device, newest 50 readings': each((n) => `/mqtt/devices/${device(n)}/telemetry`),
    'device, one day, minutes chosen': each((n) => `/mqtt/devices/${device(n)}/telemetry?${someDay(n)}`),
    'device, one month, hours chosen': each((n) => `/mqtt/devices/${device(n)}/telemetry?${month}`),
    'PDU of 25 sockets, one month hourly': each((n) => `/pdus/${steady(n)}/telemetry?step=1h&${month}`),
    [`PDU with ${MOVED_SOCKETS} of ${SOCKETS_PER_PDU} sockets whose device changed, one month hourly`]: each(
      (n) => `/pdus/${unsteady(n)}/telemetry?step=1h&${month}`,
    ),
    'PDU, one month hourly, power only': each(
      (n) => `/pdus/${steady(n)}/telemetry?step=1h&measurements=active_power&${month}`,
    ),
    'PDU, one month of energy by day': each((n) => `/pdus/${steady(n)}/energy?period=day&${month}`),
    'department of 250 sockets, one month daily': each(
      (n) => `/departments/${departmentId(n % (steadyPdus / PDUS_PER_DEPARTMENT))}/telemetry?step=1d&${month}`,
    ),
    'current state of 5,000 devices': each(() => '/mqtt/states?limit=5000'),
  }
}

/** Milliseconds of every question. */
export async function measureQuestions(
  { url, key }: { readonly url: string; readonly key: string },
  questions: Record<string, Question>,
  say: (line: string) => void,
): Promise<Record<string, EndpointResult>> {
  const results: Record<string, EndpointResult> = {}
  for (const [name, question] of Object.entries(questions)) {
    const result = await measureEndpoint(url, key, question)
    results[name] = result
    say(`${name}: p50 ${result.p50.toFixed(1)}, p95 ${result.p95.toFixed(1)} ms, ${result.bytes} bytes`)
  }
  return results
}
