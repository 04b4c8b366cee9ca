import { Agent } from 'node:http'
import { type Latency, latencyOf } from '../measure/percentiles.ts'
import { download } from './download.ts'

export interface EndpointResult extends Latency {
  /** Bytes of one answer, on average. */
  readonly bytes: number
}

export interface Question {
  /** A path for the nth request, so that not the same rows are asked for again and again (where there are others). */
  readonly path: (request: number) => string
  readonly requests: number
}

/** Requests that do not count. */
const WARM_UPS = 5

/** Asks one request after the other on one connection; milliseconds from the request to the last byte. */
export async function measureEndpoint(url: string, key: string, { path, requests }: Question): Promise<EndpointResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  let bytes = 0
  try {
    // The first ones warm the code; where each request asks for something else, not the data.
    for (let request = -WARM_UPS; request < requests; request += 1) {
      const started = performance.now()
      const size = await download(agent, `${url}${path(request + WARM_UPS)}`, key)
      if (request < 0) continue
      times.push(performance.now() - started)
      bytes += size
    }
  } finally {
    agent.destroy()
  }
  return { ...latencyOf(times), bytes: Math.round(bytes / requests) }
}
