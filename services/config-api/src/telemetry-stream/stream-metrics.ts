import { Counter, Gauge, type Registry } from 'prom-client'

export interface StreamMetrics {
  readonly clients: Gauge
  readonly events: Counter
  readonly dropped: Counter<'reason'>
  readonly resumed: Counter
  readonly gaps: Counter
  readonly unreadable: Counter
  readonly bufferedBytes: Gauge
}

export function createStreamMetrics(registry: Registry): StreamMetrics {
  const registers = [registry]
  return {
    clients: new Gauge({ name: 'iomt_config_api_stream_clients', help: 'Open telemetry streams', registers }),
    events: new Counter({
      name: 'iomt_config_api_stream_events_total',
      help: 'Readings sent live, one for each client that got it',
      registers,
    }),
    dropped: new Counter({
      name: 'iomt_config_api_stream_dropped_total',
      help: 'Streams that the server ended, by reason',
      labelNames: ['reason'],
      registers,
    }),
    resumed: new Counter({
      name: 'iomt_config_api_stream_resumed_total',
      help: 'Streams that went on after a Last-Event-ID',
      registers,
    }),
    gaps: new Counter({
      name: 'iomt_config_api_stream_gaps_total',
      help: 'Times that readings were gone from JetStream before they could be sent',
      registers,
    }),
    unreadable: new Counter({
      name: 'iomt_config_api_stream_unreadable_total',
      help: 'Messages of the telemetry stream that do not fit its contract, sent to nobody',
      registers,
    }),
    bufferedBytes: new Gauge({
      name: 'iomt_config_api_stream_buffered_bytes',
      help: 'Bytes that clients have not read yet, held in this process',
      registers,
    }),
  }
}
