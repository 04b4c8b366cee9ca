import { type ReadinessCheck, readiness } from '@iomt/service-runtime/health'
import { Type } from '@sinclair/typebox'
import type { Registry } from 'prom-client'
import type { App } from './app.ts'

const Health = Type.Object({ status: Type.String() })
const Ready = Type.Object({ ready: Type.Boolean(), checks: Type.Record(Type.String(), Type.String()) })

/** `/livez`, `/readyz` and `/metrics`, without an API key. */
export function addServiceRoutes(app: App, checks: Record<string, ReadinessCheck>, metrics: Registry): void {
  // Asked most when the server is busy, and an overloaded process is still alive: never refused under pressure.
  const config = { public: true, rateLimit: false, pressureHandler: () => undefined } as const
  const tags = ['service']

  app.get(
    '/livez',
    {
      config,
      schema: {
        tags,
        operationId: 'livez',
        security: [],
        summary: '200 while the process works',
        response: { 200: Health },
      },
    },
    async () => ({ status: 'ok' }),
  )

  app.get(
    '/readyz',
    {
      config,
      schema: {
        tags,
        operationId: 'readyz',
        security: [],
        summary: '200 when requests can be served, 503 naming what is missing. Serving needs no NATS.',
        response: { 200: Ready, 503: Ready },
      },
    },
    async (_, reply) => {
      const result = await readiness(checks)
      return await reply.code(result.ready ? 200 : 503).send({ ...result })
    },
  )

  app.get(
    '/metrics',
    { config, schema: { tags, operationId: 'metrics', security: [], summary: 'Prometheus metrics' } },
    async (_, reply) =>
      reply
        .type(metrics.contentType)
        .serializer(String)
        .send(await metrics.metrics()),
  )
}
