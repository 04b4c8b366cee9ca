import { createMetrics } from '@iomt/service-runtime/metrics'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { createStreamMetrics, type StreamMetrics } from './telemetry-stream/stream-metrics.ts'

export interface ConfigApiMetrics {
  readonly registry: Registry
  readonly requests: Histogram<'method' | 'route' | 'status'>
  readonly relayed: Counter
  readonly relaySeconds: Histogram
  readonly repaired: Counter<'kind'>
  readonly stream: StreamMetrics
}

/** `backlog` answers the number of changes that wait in the outbox, null when the database is away. */
export function createConfigApiMetrics(backlog: () => Promise<number | null>): ConfigApiMetrics {
  const registry = createMetrics('config-api', '0.1.0')
  const registers = [registry]
  new Gauge({
    name: 'iomt_config_api_outbox_backlog',
    help: 'Committed changes that are not on NATS yet; not a number while the database is away',
    registers,
    async collect() {
      this.set((await backlog()) ?? Number.NaN)
    },
  })
  return {
    registry,
    stream: createStreamMetrics(registry),
    requests: new Histogram({
      name: 'iomt_config_api_request_seconds',
      help: 'Time from the request to the end of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    relayed: new Counter({ name: 'iomt_config_api_relayed_total', help: 'Changes brought to NATS', registers }),
    relaySeconds: new Histogram({
      name: 'iomt_config_api_relay_seconds',
      help: 'Time of one relay batch that had rows',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    repaired: new Counter({
      name: 'iomt_config_api_sweep_repairs_total',
      help: 'Keys of the socket configuration bucket that a sweep found wrong',
      labelNames: ['kind'],
      registers,
    }),
  }
}
