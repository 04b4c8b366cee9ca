import { Counter, Gauge, type Registry } from 'prom-client'

export interface GatewayFigures {
  sockets: number
  connections: number
  connected: number
  pendingBytes: number
  strays: number
}

export interface GatewayMetrics {
  readonly messages: Counter
  readonly readings: Counter
  readonly deadLetters: Counter<'reason'>
  readonly collapsed: Counter
}

export function createGatewayMetrics(
  registry: Registry,
  figures: () => GatewayFigures,
  publishing: () => number,
): GatewayMetrics {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value())
      },
    })
  gauge('iomt_gateway_sockets', 'Sockets connected by this gateway', () => figures().sockets)
  gauge('iomt_gateway_connections', 'MQTT connections it keeps', () => figures().connections)
  gauge('iomt_gateway_connections_up', 'MQTT connections that are established', () => figures().connected)
  gauge('iomt_gateway_pending_bytes', 'Memory for what is received and not yet stored', () => figures().pendingBytes)
  gauge('iomt_gateway_publishing', 'Messages on their way to JetStream', publishing)
  gauge('iomt_gateway_stray_messages', 'Messages on topics that no socket has any more', () => figures().strays)
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name, help, labelNames, registers: [registry] })
  return {
    messages: counter('iomt_gateway_messages_total', 'MQTT messages received for sockets'),
    readings: counter('iomt_gateway_readings_total', 'Readings stored in JetStream'),
    deadLetters: counter('iomt_gateway_dead_letters_total', 'Messages stored as dead letters', ['reason']),
    collapsed: counter('iomt_gateway_redeliveries_collapsed_total', 'Redeliveries that JetStream had already'),
  }
}
