import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** A registry with the process metrics and `iomt_build_info`; each service adds its own `iomt_…` metrics. */
export function createMetrics(service: string, version: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'iomt_build_info',
    help: 'Always 1; the labels tell what runs',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1)
  return registry
}
