import { createMetrics } from '@iomt/service-runtime/metrics'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Metrics of one writer process; the service counts, the health server shows. */
export interface WriterMetrics {
  readonly registry: Registry
  readonly messages: Counter
  readonly rows: Counter
  readonly duplicates: Counter
  readonly deadLetters: Counter<'reason'>
  readonly statusEvents: Counter
  readonly batchMessages: Histogram
  readonly batchSeconds: Histogram
  readonly held: Gauge
  readonly lag: Gauge
  readonly streamFill: Gauge<'stream'>
  readonly rollupLag: Gauge
  readonly rollupSeconds: Histogram
  readonly partitionsDropped: Counter<'table'>
}

export function createWriterMetrics(): WriterMetrics {
  const registry = createMetrics('telemetry-writer', '0.1.0')
  const registers = [registry]
  return {
    registry,
    messages: new Counter({ name: 'iomt_writer_messages_total', help: 'Telemetry messages received', registers }),
    rows: new Counter({ name: 'iomt_writer_rows_total', help: 'Readings inserted into device_data_logs', registers }),
    duplicates: new Counter({
      name: 'iomt_writer_duplicates_total',
      help: 'Readings that were stored already: redelivered by JetStream or the broker, or retained',
      registers,
    }),
    deadLetters: new Counter({
      name: 'iomt_writer_dead_letters_total',
      help: 'Messages moved to the dead-letter stream',
      labelNames: ['reason'],
      registers,
    }),
    statusEvents: new Counter({
      name: 'iomt_writer_status_events_total',
      help: 'Status changes of sockets received',
      registers,
    }),
    batchMessages: new Histogram({
      name: 'iomt_writer_batch_messages',
      help: 'Messages in a batch',
      buckets: [1, 5, 20, 50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'iomt_writer_batch_duration_seconds',
      help: 'From the first attempt to store a batch until it is stored, waiting for Postgres included',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600],
      registers,
    }),
    held: new Gauge({
      name: 'iomt_writer_held_messages',
      help: 'Messages in memory, from arrival to acknowledgement',
      registers,
    }),
    lag: new Gauge({
      name: 'iomt_writer_consumer_lag_messages',
      help: 'Messages in the stream that no writer has received yet (num_pending of the consumer)',
      registers,
    }),
    streamFill: new Gauge({
      name: 'iomt_writer_stream_fill_ratio',
      help: 'How much of its limit a stream holds; at 1 JetStream refuses messages and gateways stop reading',
      labelNames: ['stream'],
      registers,
    }),
    rollupLag: new Gauge({
      name: 'iomt_writer_rollup_lag_seconds',
      help: 'How long the longest minute that is due waits for its rollup; a few seconds are normal',
      registers,
    }),
    rollupSeconds: new Histogram({
      name: 'iomt_writer_rollup_duration_seconds',
      help: 'Rounds of rolling up that this writer did',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    partitionsDropped: new Counter({
      name: 'iomt_writer_partitions_dropped_total',
      help: 'Partitions that retention has dropped',
      labelNames: ['table'],
      registers,
    }),
  }
}
