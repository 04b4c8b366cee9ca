// JetStream to Postgres with nothing else: no validation, no current state, no rollups, no duplicates looked for. One
// acknowledgement for a batch, after COPY.
import { once } from 'node:events'
import { type BinaryRows, createBinaryRows } from '@iomt/telemetry-writer/binary-rows'
import { connect, createInbox, type Msg } from '@nats-io/transport-node'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { COPY_COLUMNS } from '../floors/copy-batch.ts'
import type { BareMessage } from './bare-message.ts'

export interface BareWriterInput {
  readonly natsUrl: string
  readonly databaseUrl: string
  /** `$JS.API.CONSUMER.MSG.NEXT.…` of a consumer that acknowledges all before. */
  readonly pullSubject: string
}

const BATCH = 2_000
const LINGER = 20
const EXTRA = '{"machine_state":"running"}'

process.on('disconnect', () => process.exit())
process.once('message', (input: BareWriterInput) => {
  run(input).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

async function run({ natsUrl, databaseUrl, pullSubject }: BareWriterInput): Promise<void> {
  const nats = await connect({ servers: natsUrl, noAsyncTraces: true })
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const inbox = createInbox()
  const rows = createBinaryRows()
  let waiting: Msg[] = []
  let requested = 0
  let arrived = Promise.withResolvers<void>()
  const request = () => {
    if (requested > 0 || waiting.length > BATCH) return
    requested = BATCH
    nats.publish(pullSubject, JSON.stringify({ batch: BATCH, expires: 1e9 }), { reply: inbox })
  }
  nats.subscribe(inbox, {
    callback: (_error, message) => {
      // A status message: the request has expired.
      if (message.subject === inbox) {
        requested = 0
      } else {
        requested -= 1
        waiting.push(message)
        if (waiting.length === BATCH) arrived.resolve()
      }
      request()
    },
  })
  request()
  process.send?.('subscribed')
  for (;;) {
    arrived = Promise.withResolvers()
    const timer = setTimeout(arrived.resolve, LINGER)
    if (waiting.length < BATCH) await arrived.promise
    clearTimeout(timer)
    const batch = waiting
    waiting = []
    request()
    if (batch.length === 0) continue
    const stream = client.query(
      copyFrom(`copy device_data_logs (${COPY_COLUMNS.join(', ')}) from stdin (format binary)`),
    )
    stream.end(binaryRows(rows, batch))
    await once(stream, 'finish')
    batch.at(-1)?.respond('+ACK')
  }
}

function binaryRows(rows: BinaryRows, batch: readonly Msg[]): Buffer {
  rows.begin()
  for (const message of batch) {
    const { id, socket_id, device_id, received_at, raw } = message.json<BareMessage>()
    rows.row(COPY_COLUMNS.length)
    rows.timestamp(received_at)
    rows.uuid(id)
    rows.timestamp(Date.parse(raw.timestamp))
    rows.uuid(device_id)
    rows.uuid(socket_id)
    rows.jsonb(JSON.stringify(raw))
    for (const value of [raw.voltage, raw.current, raw.power, raw.power_factor, raw.frequency, raw.energy]) {
      rows.double(value)
    }
    rows.boolean(raw.socket_state)
    rows.jsonb(EXTRA)
    rows.text('device')
    rows.text('bare')
    rows.smallint(1)
    rows.boolean(false)
  }
  return rows.finish()
}
