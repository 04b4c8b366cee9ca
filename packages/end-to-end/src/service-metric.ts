import type { ServiceProcess } from '@iomt/testing/service-process'
import { waitFor } from '@iomt/testing/wait-for'

/** A figure of a service's /metrics. */
export async function metric(service: ServiceProcess, name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text()
  return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}

export const untilMetric = (service: ServiceProcess, name: string, least: number) =>
  waitFor(async () => (await metric(service, name)) >= least, {
    what: `${name} of ${service.name} to reach ${least}`,
  })
