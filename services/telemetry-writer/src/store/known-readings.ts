import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { instantArray, textArray, uuidArray } from './binary-array.ts'
import type { Reading } from './reading.ts'

/** A broker redelivers at most what was unacknowledged, which is far less than this. */
const REDELIVERED_ROWS = 2_000
/** And in a session, which ends when its client has been away for a week (MQTT 5; brokers have limits for 3.1.1): fewer partitions to open. */
const REDELIVERED_WITHIN = '8 days'
const RETAINED_ROWS = 100
/** The last 8 bytes of an id in text: 16 digits and the hyphen between them. */
const TAIL = 17

/** First key of the advisory locks; sockets share 64 of them, so that a large batch cannot fill Postgres' lock table. */
const LOCK_SPACE = 7_106_002
/** Sockets of `$1` for this transaction alone, those of `$2` together with others that share them. In one order, so that none deadlock. */
const LOCK = `
  select case when alone then pg_advisory_xact_lock(${LOCK_SPACE}, bucket)
    else pg_advisory_xact_lock_shared(${LOCK_SPACE}, bucket) end
  from (
    select abs(hashtext(lower(socket_id))) % 64 as bucket, bool_or(alone) as alone
    from (select unnest($1::text[]) as socket_id, true as alone union all select unnest($2::text[]), false) s
    group by 1 order by 1
  ) b`

/**
 * Milliseconds. Within JetStream's duplicate window of two minutes the stream holds no redelivery of a reading, so none can have
 * been stored before one that is younger.
 */
const MAY_HAVE_REDELIVERY = 60_000
const NOTE_LATE_REDELIVERIES = `
  insert into late_redeliveries (socket_id, delivery, received_at)
  select * from unnest($1::uuid[], $2::text[], $3::timestamptz[]) on conflict do nothing`
const LATE_REDELIVERIES = `
  select socket_id::text, delivery, received_at from late_redeliveries
  where socket_id = any($1::uuid[]) and received_at > $2`
/** Each stands for one original, which may come again. */
const CLAIM_LATE_REDELIVERIES = `
  update late_redeliveries l set original = w.id
  from unnest($1::uuid[], $2::text[], $3::uuid[]) as w(socket_id, delivery, id)
  where l.socket_id = w.socket_id and l.delivery = w.delivery and (l.original is null or l.original = w.id)
  returning w.id::text`

/** Rows of the socket with the same device clock; the index finds them at once, however many others came since. */
const sameClock = (condition: string) => `
  cross join lateral (
    select from device_data_logs l
    where l.socket_id = w.socket_id and l.measured_at = w.measured_at
      and l.timestamp >= w.measured_at - interval '5 minutes' and ${condition}
    limit 1
  ) found`
const REDELIVERED_BY_CLOCK = `
  select w.number::int
  from unnest($1::uuid[], $2::timestamptz[], $3::text[]) with ordinality as w(socket_id, measured_at, tail, number)
  ${sameClock(`right(l.id::text, ${TAIL}) = w.tail`)}`
const RETAINED_BY_CLOCK = `
  select w.number::int
  from unnest($1::uuid[], $2::timestamptz[], $3::text[]) with ordinality as w(socket_id, measured_at, data_json, number)
  ${sameClock('l.data_json = w.data_json::jsonb')}`

/**
 * The newest of when the reading came, not of now: a consumer that was made anew delivers days of readings again, and what
 * was left out then must not be taken for new. Gateways' clocks may differ by some minutes.
 */
const cameBy = (time: string) => `l.timestamp <= ${time} + interval '5 minutes'`
const REDELIVERED_AMONG_NEWEST = `
  with wanted as (
    select * from unnest($1::uuid[], $2::timestamptz[], $3::text[]) with ordinality as w(socket_id, received_at, tail, number)
  )
  select distinct wanted.number::int
  from (
    select socket_id, min(received_at) as first_at, max(received_at) as last_at from wanted group by socket_id
  ) sockets
  cross join lateral (
    select id from device_data_logs l
    where l.socket_id = sockets.socket_id and ${cameBy('sockets.last_at')}
      and l.timestamp >= sockets.first_at - interval '${REDELIVERED_WITHIN}'
    order by measured_at desc, id desc limit ${REDELIVERED_ROWS}
  ) newest
  join wanted on wanted.socket_id = sockets.socket_id and wanted.tail = right(newest.id::text, ${TAIL})`
const RETAINED_AMONG_NEWEST = `
  select w.number::int
  from unnest($1::uuid[], $2::timestamptz[], $3::text[]) with ordinality as w(socket_id, received_at, data_json, number)
  where exists (
    select from (
      select data_json from device_data_logs l where l.socket_id = w.socket_id and ${cameBy('w.received_at')}
      order by measured_at desc, id desc limit ${RETAINED_ROWS}
    ) newest
    where newest.data_json = w.data_json::jsonb
  )`

/**
 * The readings that are stored already in a way the table's key cannot see, to be left out:
 *
 * - `redelivered`: the broker delivered it again after JetStream's duplicate window, so it has another id and time; the
 *   last 8 bytes of the id are the delivery's own.
 * - `retained`: a snapshot that the broker sends on every subscription; new only when the payload is.
 * - any that waited for minutes, in the stream or in a writer: its late redelivery may have overtaken it.
 */
export async function findKnownReadings(client: pg.ClientBase, readings: readonly Reading[]): Promise<Set<Reading>> {
  const redelivered = readings.filter(({ redelivered }) => redelivered)
  const retained = readings.filter(({ retained }) => retained)
  const oldest = Date.now() - MAY_HAVE_REDELIVERY
  const waited = readings.filter(({ redelivered, receivedAt }) => !redelivered && receivedAt < oldest)
  const known = new Set<Reading>()
  if (redelivered.length + retained.length + waited.length === 0) return known
  // Two writers may hold two of these of one socket at once: the second must see what the first has stored. Originals that waited
  // do not concern each other.
  await client.query(LOCK, [textArray(socketsOf([...redelivered, ...retained])), textArray(socketsOf(waited))])
  if (waited.length > 0) await addOvertaken(client, waited, known)
  if (redelivered.length > 0) await addRedelivered(client, readings, redelivered, known)
  if (retained.length > 0) await addRetained(client, readings, retained, known)
  return known
}

/** Notes those that are stored from a late redelivery, for {@link findKnownReadings} of their originals. */
export async function noteLateRedeliveries(client: pg.ClientBase, stored: readonly Reading[]): Promise<void> {
  const redelivered = stored.filter(({ redelivered }) => redelivered)
  if (redelivered.length === 0) return
  await client.query(NOTE_LATE_REDELIVERIES, [
    uuidArray(redelivered.map(({ socketId }) => socketId)),
    textArray(redelivered.map(deliveryOf)),
    instantArray(redelivered.map(({ receivedAt }) => receivedAt)),
  ])
}

async function addOvertaken(client: pg.ClientBase, waited: readonly Reading[], known: Set<Reading>): Promise<void> {
  const oldest = waited.reduce((time, { receivedAt }) => Math.min(time, receivedAt), Number.POSITIVE_INFINITY)
  const { rows } = await client.query<{ socket_id: string; delivery: string; received_at: Date }>(LATE_REDELIVERIES, [
    uuidArray(socketsOf(waited)),
    new Date(oldest).toISOString(),
  ])
  if (rows.length === 0) return
  const arrivals = new Map(rows.map((row) => [deliveryKey(row.socket_id, row.delivery), row.received_at.getTime()]))
  // The same packet id and payload may have been used before, and are used again later: one reading, and an earlier one.
  const overtaken = new Map<string, Reading>()
  for (const reading of waited) {
    const key = keyOf(reading)
    if (reading.receivedAt < (arrivals.get(key) ?? 0) && !overtaken.has(key)) overtaken.set(key, reading)
  }
  const originals = [...overtaken.values()]
  if (originals.length === 0) return
  const { rows: claimed } = await client.query<{ id: string }>(CLAIM_LATE_REDELIVERIES, [
    uuidArray(originals.map(({ socketId }) => socketId)),
    textArray(originals.map(deliveryOf)),
    uuidArray(originals.map(({ id }) => id)),
  ])
  const ids = new Set(claimed.map(({ id }) => id))
  for (const reading of originals) if (ids.has(reading.id.toLowerCase())) known.add(reading)
}

const socketsOf = (readings: readonly Reading[]) => [...new Set(readings.map(({ socketId }) => socketId))]
const deliveryKey = (socketId: string, tail: string) => `${socketId.toLowerCase()} ${tail.toLowerCase()}`
const deliveryOf = ({ id }: Reading) => id.slice(-TAIL).toLowerCase()
const keyOf = (reading: Reading) => deliveryKey(reading.socketId, deliveryOf(reading))

async function addRedelivered(
  client: pg.ClientBase,
  readings: readonly Reading[],
  redelivered: readonly Reading[],
  known: Set<Reading>,
): Promise<void> {
  for (const reading of await stored(client, redelivered, deliveryOf, REDELIVERED_BY_CLOCK, REDELIVERED_AMONG_NEWEST)) {
    known.add(reading)
  }
  const seen = new Set<string>()
  // Those of this batch come first: the original may wait in the same batch, before or after its redelivery.
  for (const reading of readings) if (!reading.redelivered) seen.add(keyOf(reading))
  for (const reading of redelivered) {
    if (seen.has(keyOf(reading))) known.add(reading)
    else seen.add(keyOf(reading))
  }
}

async function addRetained(
  client: pg.ClientBase,
  readings: readonly Reading[],
  retained: readonly Reading[],
  known: Set<Reading>,
): Promise<void> {
  const payload = ({ rawJson }: Reading) => rawJson
  for (const reading of await stored(client, retained, payload, RETAINED_BY_CLOCK, RETAINED_AMONG_NEWEST)) {
    known.add(reading)
  }
  const sockets = new Set(retained.map(({ socketId }) => socketId))
  const earlier = new Map<string, unknown[]>()
  for (const reading of readings) {
    const { socketId } = reading
    if (!sockets.has(socketId) || known.has(reading)) continue
    const raw = payloadOf(reading)
    const ofSocket = earlier.get(socketId) ?? []
    earlier.set(socketId, ofSocket)
    if (reading.retained && ofSocket.some((other) => isDeepStrictEqual(other, raw))) known.add(reading)
    else ofSocket.push(raw)
    if (ofSocket.length > RETAINED_ROWS) ofSocket.shift()
  }
}

/** One that is no JSON, which Postgres will refuse, equals no other. */
function payloadOf({ rawJson }: Reading): unknown {
  try {
    return JSON.parse(rawJson)
  } catch {
    return Symbol(rawJson)
  }
}

/**
 * Those of `readings` that are in the table, recognised by their socket and `mark`. One with a device clock nearly always
 * has the `measured_at` of its original; it has not when the clock was refused then and accepted now (a clock that is
 * ahead), or the PDU's time zone was corrected in between. So what is not found by its clock is looked for among the newest.
 */
async function stored(
  client: pg.ClientBase,
  readings: readonly Reading[],
  mark: (reading: Reading) => string,
  byClock: string,
  amongNewest: string,
): Promise<Reading[]> {
  const withClock = readings.filter(({ measuredAtSource }) => measuredAtSource === 'device')
  const clockOf = ({ measuredAt }: Reading) => measuredAt
  const arrivalOf = ({ receivedAt }: Reading) => receivedAt
  const found = new Set(withClock.length === 0 ? [] : await find(client, byClock, withClock, clockOf, mark))
  const others = readings.filter((reading) => !found.has(reading))
  return others.length === 0 ? [...found] : [...found, ...(await find(client, amongNewest, others, arrivalOf, mark))]
}

async function find(
  client: pg.ClientBase,
  query: string,
  readings: readonly Reading[],
  timeOf: (reading: Reading) => number,
  mark: (reading: Reading) => string,
): Promise<Reading[]> {
  const { rows } = await client.query<{ number: number }>(query, [
    uuidArray(readings.map(({ socketId }) => socketId)),
    instantArray(readings.map(timeOf)),
    textArray(readings.map(mark)),
  ])
  return rows.map(({ number }) => readings[number - 1] as Reading)
}
