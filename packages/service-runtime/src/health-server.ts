import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { type ReadinessCheck, readiness } from './health.ts'

export interface HealthServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly checks: Record<string, ReadinessCheck>
  readonly metrics: Registry
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * `/livez` (200 while the event loop turns), `/readyz` (200, or 503 naming the failing dependency) and `/metrics` for the
 * services without an HTTP interface of their own.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
    const failed = () => json(500, { status: 'error' })
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      json(405, { status: 'method not allowed' })
    } else if (path === '/livez') {
      json(200, { status: 'ok' })
    } else if (path === '/readyz') {
      readiness(options.checks).then((result) => json(result.ready ? 200 : 503, result), failed)
    } else if (path === '/metrics') {
      options.metrics
        .metrics()
        .then((text) => response.writeHead(200, { 'content-type': options.metrics.contentType }).end(text), failed)
    } else {
      json(404, { status: 'not found', available: ['/livez', '/readyz', '/metrics'] })
    }
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
