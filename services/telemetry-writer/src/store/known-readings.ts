import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { plainArray, textArray } from './array-literal.ts'
import { rawJson } from './insert-readings.ts'
import type { Reading } from './reading.ts'

/** A broker redelivers at most what was unacknowledged, which is far less than this. */
const REDELIVERED_ROWS = 2_000
const RETAINED_ROWS = 100
/** The last 8 bytes of an id in text: 16 digits and the hyphen between them. */
const TAIL = 17

/** First key of the advisory locks; sockets share 64 of them, so that a large batch cannot fill Postgres' lock table. */
const LOCK_SPACE = 7_106_002
const LOCK = `
  select pg_advisory_xact_lock(${LOCK_SPACE}, bucket)
  from (select distinct abs(hashtext(lower(socket_id))) % 64 as bucket from unnest($1::text[]) as s(socket_id) order by 1) b`

const FIND_REDELIVERED = `
  with wanted as (select * from unnest($1::uuid[], $2::text[]) as w(socket_id, tail))
  select wanted.socket_id, wanted.tail from (select distinct socket_id from wanted) sockets
  cross join lateral (
    select id from device_data_logs l where l.socket_id = sockets.socket_id
    order by timestamp desc, id desc limit ${REDELIVERED_ROWS}
  ) newest
  join wanted on wanted.socket_id = sockets.socket_id and wanted.tail = right(newest.id::text, ${TAIL})`

const FIND_RETAINED = `
  select w.number::int from unnest($1::uuid[], $2::text[]) with ordinality as w(socket_id, data_json, number)
  where exists (
    select from (
      select data_json from device_data_logs l where l.socket_id = w.socket_id
      order by timestamp desc, id desc limit ${RETAINED_ROWS}
    ) newest
    where newest.data_json = w.data_json::jsonb
  )`

/**
 * The readings that are stored already in a way the table's key cannot see, to be left out:
 *
 * - `redelivered`: the broker delivered it again after JetStream's duplicate window, so it has another id and time; the
 *   last 8 bytes of the id are the delivery's own.
 * - `retained`: a snapshot that the broker sends on every subscription; new only when the payload is.
 */
export async function findKnownReadings(client: pg.ClientBase, readings: readonly Reading[]): Promise<Set<Reading>> {
  const redelivered = readings.filter(({ message }) => message.redelivered === true)
  const retained = readings.filter(({ message }) => message.retained)
  const known = new Set<Reading>()
  if (redelivered.length + retained.length === 0) return known
  // Two writers may hold two snapshots of one socket at once: the second must see what the first has stored.
  await client.query(LOCK, [plainArray([...redelivered, ...retained].map(({ message }) => message.socket_id))])
  if (redelivered.length > 0) await addRedelivered(client, readings, redelivered, known)
  if (retained.length > 0) await addRetained(client, readings, retained, known)
  return known
}

const deliveryKey = (socketId: string, tail: string) => `${socketId.toLowerCase()} ${tail.toLowerCase()}`
const keyOf = ({ message }: Reading) => deliveryKey(message.socket_id, message.id.slice(-TAIL))

async function addRedelivered(
  client: pg.ClientBase,
  readings: readonly Reading[],
  redelivered: readonly Reading[],
  known: Set<Reading>,
): Promise<void> {
  const { rows } = await client.query<{ socket_id: string; tail: string }>(FIND_REDELIVERED, [
    plainArray(redelivered.map(({ message }) => message.socket_id)),
    plainArray(redelivered.map(({ message }) => message.id.slice(-TAIL).toLowerCase())),
  ])
  const seen = new Set(rows.map(({ socket_id, tail }) => deliveryKey(socket_id, tail)))
  // Those of this batch come first: the original may wait in the same batch, before or after its redelivery.
  for (const reading of readings) if (reading.message.redelivered !== true) seen.add(keyOf(reading))
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
  const { rows } = await client.query<{ number: number }>(FIND_RETAINED, [
    plainArray(retained.map(({ message }) => message.socket_id)),
    textArray(retained.map(({ message }) => rawJson(message.raw))),
  ])
  for (const { number } of rows) known.add(retained[number - 1] as Reading)

  const sockets = new Set(retained.map(({ message }) => message.socket_id))
  const earlier = new Map<string, unknown[]>()
  for (const reading of readings) {
    const { socket_id, raw } = reading.message
    if (!sockets.has(socket_id) || known.has(reading)) continue
    const ofSocket = earlier.get(socket_id) ?? []
    earlier.set(socket_id, ofSocket)
    if (reading.message.retained && ofSocket.some((other) => isDeepStrictEqual(other, raw))) known.add(reading)
    else ofSocket.push(raw)
    if (ofSocket.length > RETAINED_ROWS) ofSocket.shift()
  }
}
