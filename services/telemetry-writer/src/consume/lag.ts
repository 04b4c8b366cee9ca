import type { Bus } from '@iomt/bus/connect'
import type { WriterMetrics } from '../metrics.ts'

const INTERVAL = 5_000

/** Keeps the gauges of what waits in JetStream and in memory up to date; without an answer the last figure stays. */
export function watchLag(
  bus: Bus,
  stream: string,
  consumer: string,
  metrics: Pick<WriterMetrics, 'lag' | 'held'>,
  held: () => number,
): { stop(): void } {
  const look = async () => {
    metrics.held.set(held())
    const info = await bus.manager.consumers.info(stream, consumer)
    metrics.lag.set(info.num_pending)
  }
  const timer = setInterval(() => {
    look().catch(() => undefined)
  }, INTERVAL)
  return { stop: () => clearInterval(timer) }
}
