import { get, type IncomingMessage } from 'node:http'
import { waitFor } from '@iomt/testing/wait-for'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Body } from '../testing/api-client.ts'
import { collectGarbage } from '../testing/collect-garbage.ts'
import { create, createEstate, expectStatus } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { rollUp, storedReading, storeReadings } from '../testing/stored-readings.ts'
import { type ReadingsRequest, readQuestion } from './history-question.ts'
import { findTarget } from './history-target.ts'
import { readReadings, sameInAllRows } from './raw-readings.ts'
import { createReadingReader } from './reading-row.ts'
import { telemetryExport } from './telemetry-export.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const MANY = 300_000
let running: RunningConfigApi
/** Has {@link MANY} readings over two days. */
let busy: Body
/** Has readings of 250 kB among small ones. */
let wide: Body
let quiet: Body
let device: Body
beforeAll(async () => {
  running = await startConfigApi({ overrides: { now: () => NOW } })
  const { api, migrated } = running
  const { organization, pdu } = await createEstate(api)
  busy = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1 })
  device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  quiet = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 2, device_id: device.id })
  const reading = (second: number, measurements: object) =>
    storedReading({
      socketId: quiet.id,
      deviceId: device.id,
      measuredAt: new Date(NOW.getTime() - second * 1_000),
      measurements,
    })
  await storeReadings(migrated.pool, [
    reading(86_400, { voltage: 230 }),
    reading(90, { voltage: 231.5, current: -0.5, relay_on: false }),
    reading(30, { voltage: 229, energy: 4 }),
  ])
  await migrated.pool.query(
    `update device_data_logs set data_json = '"=cmd|''/C calc''!A0"', quality = '{implausible:current}', decoder = '@x'
     where voltage = 231.5`,
  )
  await rollUp(migrated.pool, new Date('2026-11-23T11:59:00Z'))
  // These are exported as they are.
  await migrated.pool.query(
    `insert into device_data_logs (timestamp, id, measured_at, device_id, socket_id, data_json, voltage, measured_at_source, decoder, qos)
     select t, gen_random_uuid(), t, null, $1, jsonb_build_object('n', n, 'text', repeat('x', 100)), n, 'device', 'flat-json@1', 1
     from (select n, timestamptz '2026-11-22 12:00:00+00' + n * interval '280 milliseconds' as t from generate_series(1, $2) n) s`,
    [busy.id, MANY],
  )
  wide = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 3 })
  await migrated.pool.query(
    `insert into device_data_logs (timestamp, id, measured_at, device_id, socket_id, data_json, voltage, measured_at_source, decoder, qos)
     select t, gen_random_uuid(), t, null, $1, jsonb_build_object('n', n, 'text', repeat('x', case when n > 700 and n <= 1000 then 250000 else 9 end)),
       n, 'device', 'flat-json@1', 1
     from (select n, timestamptz '2026-11-22 12:00:00+00' + n * interval '10 seconds' as t from generate_series(1, 1400) n) s`,
    [wide.id],
  )
  await migrated.pool.query('analyze device_data_logs')
}, 120_000)
afterAll(() => running.stop())

test('readings as CSV: one line each in order of time, spreadsheets run nothing', async () => {
  const { text, headers, status } = await running.api.get(`/mqtt/devices/${device.id}/telemetry?step=raw&format=csv`)
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
  expect(headers.get('content-disposition')).toBe('attachment; filename="telemetry-device-raw.csv"')
  expect(headers.get('x-resolution')).toBe('raw')
  const [head, ...lines] = text.trimEnd().split('\r\n')
  expect(head).toBe(
    'measured_at,timestamp,socket_id,device_id,voltage,current,active_power,apparent_power,reactive_power,power_factor,frequency,energy,temperature,relay_on,phases,extra,quality,retained,qos,decoder,id,data_json',
  )
  expect(lines).toHaveLength(3)
  const common = `${quiet.id},${device.id}`
  expect(lines[0]).toMatch(
    `2026-11-22T12:00:00.000Z,2026-11-22T12:00:00.000Z,${common},230,,,,,,,,,,,,,false,1,flat-json@1,`,
  )
  expect(lines[1]).toContain(`,231.5,-0.5,,,,,,,,false,,,"[""implausible:current""]",false,1,'@x,`)
  expect(lines[1]).toMatch(/,"""=cmd\|'\/C calc'!A0"""$/)
})

test('NDJSON and points, by parameter or by Accept, with the resolution in a header', async () => {
  const { api } = running
  const path = `/sockets/${quiet.id}/telemetry`
  const ndjson = await api.get(`${path}?step=raw`, { accept: 'application/x-ndjson' })
  const rows = ndjson.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows.map((row) => row.measurements)).toEqual([
    { voltage: 230 },
    { voltage: 231.5, current: -0.5, relay_on: false },
    { voltage: 229, energy: 4 },
  ])
  const minutes = await api.get(`${path}?from=2026-11-23T11:00:00Z&agg=avg,count&measurements=voltage`, {
    accept: 'text/csv',
  })
  expect(minutes.headers.get('x-resolution')).toBe('1m')
  expect(minutes.headers.get('x-step')).toBe('1m')
  expect(minutes.text).toBe(
    [
      'timestamp,socket_id,sockets,readings,voltage_avg,voltage_count',
      `2026-11-23T11:58:00.000Z,${quiet.id},1,1,231.5,1`,
      `2026-11-23T11:59:00.000Z,${quiet.id},1,1,229,1`,
      '',
    ].join('\r\n'),
  )
  const limited = await api.get(`${path}?step=raw&format=ndjson&limit=2&order=desc&measurements=voltage`)
  expect(
    limited.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).measurements.voltage),
  ).toEqual([229, 231.5])
  const page = await api.get(path, { accept: 'text/html, application/json;q=0.9, */*;q=0.8' })
  expect(page.body.items).toHaveLength(3)
  expect((await api.get(`${path}?format=xml`)).status).toBe(400)
})

test('300,000 readings leave with bounded memory, each once, however slowly they are read', async () => {
  const { url, key } = running.api
  const response = await open(`${url}/sockets/${busy.id}/telemetry?step=raw&format=ndjson`, key)
  let rest = ''
  let lines = 0
  let last = 0
  let ordered = true
  const held: number[] = []
  for await (const chunk of response.setEncoding('utf8')) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() as string
    for (const line of parts) {
      lines += 1
      const n = Number(/"data_json":\{"n": (\d+),/.exec(line)?.[1])
      ordered &&= n === last + 1
      last = n
      // Whoever reads slowly makes nobody write ahead: meanwhile the whole export would fit into memory otherwise.
      if (lines % 20_000 === 0) held.push(await liveMemory())
    }
  }
  expect(lines).toBe(MANY)
  expect(ordered).toBe(true)
  // The whole is 130 MB; what may be held is a batch of 2,500 in its several forms, and what the kernel has taken.
  expect(Math.max(...held) - Math.min(...held)).toBeLessThan(30_000_000)
}, 120_000)

/** What is in use, after the garbage is gone and everything that can go on without us has gone on. */
async function liveMemory(): Promise<number> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('however long readings are, an export holds little of them at a time, and gives each once in order', async () => {
  const { database, pool } = running.migrated
  const target = await findTarget(database, 'socket', wide.id, null)
  for (const format of ['ndjson', 'csv'] as const) {
    let held = 0
    let most = 0
    /** Counts anew what is given for each query. */
    const query = ((given: never) => {
      held = 0
      return pool.query(given)
    }) as typeof pool.query
    const source = { database, pool: { query } }
    const question = await readQuestion(
      { step: 'raw', order: 'asc' },
      { kind: 'socket', now: NOW, kept, stepOfCursor: null },
    )
    const whole = { ...(question as ReadingsRequest), limit: null }
    let text = ''
    for await (const piece of telemetryExport(whole, format, { source, target, timeZone: 'UTC', kept, now: NOW })) {
      held += piece.length
      most = Math.max(most, held)
      text += piece.toString()
    }
    const seen = text.split('\n').flatMap((line) => /"n"+: (\d+),/.exec(line)?.[1] ?? [])
    expect(seen.map(Number)).toEqual(Array.from({ length: 1_400 }, (_, index) => index + 1))
    // Together they are 75 MB.
    expect(most).toBeLessThan(2_500_000)
  }
}, 60_000)

test('of readings that suddenly are too long for the time of a query, those that came count, and the rest follows', async () => {
  const { database, pool } = running.migrated
  const target = await findTarget(database, 'socket', wide.id, null)
  const reader = createReadingReader([], sameInAllRows(target))
  const question = { target, reader, from: null, to: null, order: 'asc' as const, limit: 2_500, bytes: 80_000_000 }
  let seen = 0
  const write = () => {
    seen += 1
    // 75 MB of the lot are still to come.
    if (seen === 600) {
      void pool.query(
        `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and state = 'active'
         and pid <> pg_backend_pid() and query like '%from device_data_logs l%'`,
      )
    }
    return 'x'
  }
  const first = await readReadings(
    running.migrated,
    { ...question, after: null, bytesEach: null },
    { write, separator: '' },
    NOW,
  )
  expect(first.count).toBeGreaterThanOrEqual(600)
  expect(first.count).toBeLessThan(1_400)
  const rest = await readReadings(
    running.migrated,
    { ...question, after: first.next, bytesEach: null },
    { write, separator: '' },
    NOW,
  )
  expect([first.count + rest.count, seen, rest.next]).toEqual([1_400, 1_400, null])
}, 60_000)

const kept = async () => ({ raw: null, minutes: null })

test('a page of long readings ends early, and the next goes on where it ended', async () => {
  const seen: number[] = []
  const sizes: number[] = []
  let cursor: string | null = null
  do {
    const query: string = `step=raw&order=asc&limit=1000${cursor === null ? '' : `&cursor=${cursor}`}`
    const { text, body, status } = await running.api.get(`/sockets/${wide.id}/telemetry?${query}`)
    expect(status).toBe(200)
    sizes.push(text.length)
    seen.push(...body.items.map((item: Body) => item.data_json.n))
    cursor = body.next_cursor
  } while (cursor !== null)
  expect(seen).toEqual(Array.from({ length: 1_400 }, (_, index) => index + 1))
  expect(Math.max(...sizes)).toBeLessThan(18_000_000)
  expect(sizes).toHaveLength(5)
}, 60_000)

test('more readings in a step than 31 bits count', async () => {
  await running.migrated.pool.query(
    'update telemetry_rollups_1d set readings = 1500000000, voltage_count = 1500000000 where socket_id = $1',
    [quiet.id],
  )
  // The current minute has one that is not rolled up.
  const count = 3_000_000_001
  const query = 'telemetry?from=2026-11-01T00:00:00Z&step=30d&measurements=voltage&agg=count'
  for (const path of [`/sockets/${quiet.id}`, `/pdus/${quiet.pdu_id}`]) {
    const { items } = expectStatus(200, await running.api.get(`${path}/${query}`)).body
    expect(items.at(-1)).toMatchObject({ readings: count, measurements: { voltage: { count } } })
    expect((await running.api.get(`${path}/${query}&format=csv`)).text).toContain(`,1,${count},${count}\r\n`)
  }
})

test('a HEAD is answered without a body, and an export reads nothing for it', async () => {
  for (const query of ['', '?step=raw&limit=10000']) {
    const answer = await running.api.send('HEAD', `/sockets/${busy.id}/telemetry${query}`)
    expect([answer.status, answer.text]).toEqual([200, ''])
  }
  for (const format of ['csv', 'ndjson']) {
    const path = `/sockets/${busy.id}/telemetry?step=raw&format=${format}`
    const before = await settled()
    const head = await running.api.send('HEAD', path)
    expect([head.status, head.text]).toEqual([200, ''])
    expect((await settled()) <= before).toBe(true)
    const whole = await running.api.get(`${path}&limit=1`)
    const headersOf = (headers: Headers) =>
      Object.fromEntries([...headers].filter(([name]) => !CHANGING.has(name) && !name.startsWith('x-ratelimit')))
    expect(headersOf(head.headers)).toEqual(headersOf(whole.headers))
  }
}, 60_000)

/** Of the moment, and of the connection. */
const CHANGING: ReadonlySet<string> = new Set([
  ...['date', 'x-request-id', 'connection', 'keep-alive', 'transfer-encoding'],
])

/** When the service last asked for readings; another query on the same connection makes it earlier. */
async function lastAsked(): Promise<string> {
  const { rows } = await running.migrated.pool.query<{ at: string }>(
    `select max(query_start)::text as at from pg_stat_activity
     where application_name = 'config-api' and datname = current_database() and query like '%from device_data_logs l%'`,
  )
  return rows[0]?.at ?? ''
}

/** When it last did, once it does no more. */
async function settled(): Promise<string> {
  let before = 'never'
  return await waitFor(
    async () => {
      const now = await lastAsked()
      const same = now === before
      before = now
      return same && now
    },
    { what: 'the service to ask no more', interval: 500 },
  )
}

test('nothing is read ahead of a client that does not read, and nothing more when it leaves', async () => {
  const { url, key } = running.api
  const path = `${url}/sockets/${busy.id}/telemetry?step=raw&format=csv`
  const leaving = await open(path, key)
  const stalled = await settled()
  leaving.destroy()
  await settled()
  const reading = await open(path, key)
  const waiting = await settled()
  expect(waiting > stalled).toBe(true)
  let lines = -1
  for await (const chunk of reading.setEncoding('utf8')) lines += (chunk as string).split('\n').length - 1
  // It was not through: it goes on as soon as it is read.
  expect((await lastAsked()) > waiting).toBe(true)
  expect(lines).toBe(MANY)
}, 120_000)

function open(url: string, key: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, headers: { authorization: `Bearer ${key}` } }, resolve).on('error', reject)
  })
}
