// What Postgres takes from one connection, with nothing before it.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { serveForkedTask } from '../measure/forked-task.ts'
import { COPY_COLUMNS, createCopyBatch } from './copy-batch.ts'

export interface CopyInput {
  readonly url: string
  readonly seconds: number
  /** Rows of one transaction. */
  readonly batch: number
  /** Through a temporary table and `on conflict do nothing`, so that a repeated batch inserts nothing. */
  readonly idempotent: boolean
}

const columns = COPY_COLUMNS.join(', ')

serveForkedTask<CopyInput>(async ({ url, seconds, batch: rows, idempotent }) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const batch = createCopyBatch(
    rows,
    Array.from({ length: 1_000 }, () => randomUUID()),
  )
  const copy = async (table: string) => {
    const stream = client.query(copyFrom(`copy ${table} (${columns}) from stdin (format binary)`))
    stream.end(batch.next(Date.now()))
    await once(stream, 'finish')
  }
  await client.query('create temporary table incoming (like device_data_logs) on commit delete rows')
  const startedAt = performance.now()
  let stored = 0
  while (performance.now() - startedAt < seconds * 1_000) {
    if (idempotent) {
      await client.query('begin')
      await copy('incoming')
      await client.query({
        name: 'store',
        text: `insert into device_data_logs (${columns}) select ${columns} from incoming on conflict (timestamp, id) do nothing`,
      })
      await client.query('commit')
    } else {
      await copy('device_data_logs')
    }
    stored += rows
  }
  const elapsed = (performance.now() - startedAt) / 1_000
  const { rows: counted } = await client.query<{ count: string }>('select count(*) from device_data_logs')
  await client.end()
  if (Number(counted[0]?.count) < stored) throw new Error(`${stored} rows sent, ${counted[0]?.count} found`)
  return { messages: stored, seconds: elapsed }
})
