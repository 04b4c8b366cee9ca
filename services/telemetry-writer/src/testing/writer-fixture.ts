import { rmSync } from 'node:fs'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { STREAMS } from '@iomt/contracts/streams'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { readConfig } from '../config.ts'
import { createTelemetryWriter, type TelemetryWriter, type WriterOverrides } from '../service.ts'

/** A database, a nats-server and any number of writers between them. */
export interface WriterFixture {
  readonly nats: NatsServer
  readonly database: MigratedDatabase
  readonly bus: Bus
  startWriter(environment?: Record<string, string>, overrides?: WriterOverrides): Promise<TelemetryWriter>
  /** Publishes to the subject of the message's place, or of `subject`; resolves when JetStream has stored it. */
  publish(message: TelemetryMessage | Uint8Array, options?: { subject?: string; messageId?: string }): Promise<void>
  rows<Row = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>
  /** Waits until that many rows are stored; `timeout` in ms, 10 s when left out. */
  stored(count: number, timeout?: number): Promise<void>
  /** Waits until every message is acknowledged. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export async function createWriterFixture(): Promise<WriterFixture> {
  const store = temporaryDirectory('writer-nats')
  // The product's streams reserve 27 GiB, more than the test server offers by itself; nothing of it is taken in advance.
  const config = `jetstream { store_dir: "${store}", max_file_store: 64GB }`
  const [nats, database] = await Promise.all([startNats({ config }), createMigratedDatabase()])
  const logger = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' })
  const bus = await connectBus({ url: nats.url, name: 'test', logger })
  await ensureStreams(bus, STREAMS)
  const writers: TelemetryWriter[] = []
  const stopped = new Set<TelemetryWriter>()
  const rows = async <Row>(sql: string, values: unknown[] = []) =>
    (await database.pool.query(sql, values)).rows as Row[]

  return {
    nats,
    database,
    bus,
    async startWriter(environment = {}, overrides = {}) {
      const config = readConfig({ PORT: '0', DATABASE_URL: database.url, NATS_URL: nats.url, ...environment })
      const writer = createTelemetryWriter(config, logger, overrides)
      writers.push(writer)
      await writer.start()
      return {
        ...writer,
        async stop() {
          stopped.add(writer)
          await writer.stop()
        },
      }
    },
    async publish(message, { subject, messageId } = {}) {
      const payload = message instanceof Uint8Array ? message : Buffer.from(JSON.stringify(message))
      const device = message instanceof Uint8Array ? '_' : (message.device_id ?? '_')
      await bus.jetstream.publish(subject ?? `iomt.v1.telemetry.hopt.icu.tang3.1.${device}`, payload, {
        ...(messageId ? { msgID: messageId } : {}),
      })
    },
    rows,
    async stored(count, timeout = 10_000) {
      const now = async () => Number((await rows<{ count: string }>('select count(*) from device_data_logs'))[0]?.count)
      await waitFor(async () => (await now()) === count, { what: `${count} rows`, timeout }).catch(
        async (cause: unknown) => {
          throw new Error(`there are ${await now()} rows instead of ${count}`, { cause })
        },
      )
    },
    async settled() {
      await waitFor(
        async () => {
          const info = await bus.manager.consumers.info('IOMT_TELEMETRY', 'telemetry-writer')
          return info.num_pending === 0 && info.num_ack_pending === 0
        },
        { what: 'every message to be acknowledged' },
      )
    },
    async stop() {
      await Promise.all(writers.filter((writer) => !stopped.has(writer)).map((writer) => writer.stop()))
      await bus.close()
      await database.drop()
      await nats.stop()
      rmSync(store, { recursive: true, force: true })
    },
  }
}
