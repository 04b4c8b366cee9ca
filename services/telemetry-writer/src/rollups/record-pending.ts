import type pg from 'pg'
import { instantArray, textArray } from '../store/binary-array.ts'
import type { Reading } from '../store/reading.ts'
import { touchedMinutes } from './touched-minutes.ts'

const INSERT = `
  insert into rollup_pending (bucket, received_from, socket_ids)
  select p.bucket, p.received_from, p.socket_ids::uuid[]
  from unnest($1::timestamptz[], $2::timestamptz[], $3::text[]) as p(bucket, received_from, socket_ids)`

/**
 * Notes in the batch's own transaction which minutes of which sockets have to be rolled up (again). Rows are only ever
 * added here, so that two writers with readings of the same minute do not wait for each other.
 */
export async function recordPendingRollups(client: pg.ClientBase, readings: readonly Reading[]): Promise<void> {
  const minutes = touchedMinutes(readings)
  if (minutes.size === 0) return
  const touched = [...minutes.values()]
  await client.query(INSERT, [
    instantArray([...minutes.keys()]),
    instantArray(touched.map(({ receivedFrom }) => receivedFrom)),
    textArray(touched.map(({ sockets }) => `{${[...sockets].join()}}`)),
  ])
}
