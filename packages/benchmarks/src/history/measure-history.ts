import { usagesOf } from '../measure/process-usage.ts'
import { departmentId, deviceId, pduId } from './history-estate.ts'
import { type EndpointResult, measureEndpoint, type Question } from './measure-endpoint.ts'

const DAY = 86_400_000

/** What was filled. */
export interface FilledHistory {
  readonly start: Date
  readonly days: number
  /** With raw readings. */
  readonly sockets: number
  readonly pdus: number
  /** Seconds between two readings of a socket. */
  readonly interval: number
}

/** What is asked; each request for another device, PDU or day. */
export function historyQuestions(filled: FilledHistory, requests: number): Record<string, Question> {
  const { start, days, sockets, pdus, interval } = filled
  const iso = (day: number) => new Date(start.getTime() + day * DAY).toISOString()
  const device = (request: number) => deviceId((request * 7) % sockets)
  const someDay = (request: number) => `from=${iso(request % days)}&to=${iso((request % days) + 1)}`
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
    'PDU of 25 sockets, one month hourly': each((n) => `/pdus/${pduId(n % pdus)}/telemetry?step=1h&${month}`),
    'PDU, one month hourly, power only': each(
      (n) => `/pdus/${pduId(n % pdus)}/telemetry?step=1h&measurements=active_power&${month}`,
    ),
    'PDU, one month of energy by day': each((n) => `/pdus/${pduId(n % pdus)}/energy?period=day&${month}`),
    'department of 250 sockets, one month daily': each(
      (n) => `/departments/${departmentId(n % Math.ceil(pdus / 10))}/telemetry?step=1d&${month}`,
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

export interface ExportResult {
  readonly rows: number
  readonly bytes: number
  readonly rowsPerSecond: number
  /** Resident memory of config-api, in bytes. */
  readonly memoryBefore: number
  readonly memoryMost: number
}

/** One device's whole history as CSV, and what the service holds meanwhile. */
export async function measureExport(
  { url, key, pid }: { readonly url: string; readonly key: string; readonly pid: number },
  { start, days, interval }: FilledHistory,
): Promise<ExportResult> {
  const before = usagesOf([pid])[0]
  const began = performance.now()
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, usagesOf([pid])[0]?.memory ?? 0)
  }, 100)
  const path = `/mqtt/devices/${deviceId(3)}/telemetry?step=raw&format=csv&from=${start.toISOString()}`
  const result = await measureEndpoint(url, key, { path: () => path, requests: 1 })
  clearInterval(watch)
  const seconds = (performance.now() - began) / 1_000 / 6
  const rows = (days * DAY) / 1_000 / interval
  return {
    rows,
    bytes: result.bytes,
    rowsPerSecond: rows / seconds,
    memoryBefore: before?.memory ?? 0,
    memoryMost: most,
  }
}
