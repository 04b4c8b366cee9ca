import { Agent, get } from 'node:http'
import { type Latency, latencyOf } from '../measure/percentiles.ts'

export interface EndpointResult extends Latency {
  /** Bytes of one answer, on average. */
  readonly bytes: number
}

export interface Question {
  /** A path for the nth request, so that not the same rows are asked for again and again. */
  readonly path: (request: number) => string
  readonly requests: number
}

/** Asks one request after the other on one connection; milliseconds from the request to the last byte. */
export async function measureEndpoint(url: string, key: string, { path, requests }: Question): Promise<EndpointResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  let bytes = 0
  // The first ones warm the code, not the data: each asks for something else.
  for (let request = -5; request < requests; request += 1) {
    const started = performance.now()
    const size = await ask(agent, `${url}${path(request + 5)}`, key)
    if (request < 0) continue
    times.push(performance.now() - started)
    bytes += size
  }
  agent.destroy()
  return { ...latencyOf(times), bytes: Math.round(bytes / requests) }
}

function ask(agent: Agent, url: string, key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${key}` } }, (response) => {
      let bytes = 0
      let text = ''
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength
        if (response.statusCode !== 200) text += chunk.toString()
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(bytes)
        else reject(new Error(`${url}: ${response.statusCode} ${text.slice(0, 500)}`))
      })
    }).on('error', reject)
  })
}
