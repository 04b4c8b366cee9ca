import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import underPressure from '@fastify/under-pressure'
import type { Database } from '@iomt/database/connect'
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaCompiler,
  LogController,
  type RawServerDefault,
} from 'fastify'
import type { FastifySerializerCompiler } from 'fastify/types/schema.js'
import type { Logger } from 'pino'
import { v7 as newId } from 'uuid'
import type { ConfigApiMetrics } from '../metrics.ts'
import { addAuthentication } from './authentication.ts'
import { answerClientError } from './client-error.ts'
import { errorHandler } from './error-handler.ts'
import { addNotFoundHandler } from './not-found.ts'
import { addDocumentationPage, addOpenApi } from './openapi.ts'
import { validatorCompiler } from './validator.ts'

const MEBIBYTE = 1024 ** 2
const REQUEST_ID = /^[\w.:-]{1,100}$/
const API_KEYS = /iomt_[\w-]+/g

export interface AppOptions {
  readonly logger: Logger
  readonly database: Database
  readonly requestsPerSecond: number
  readonly publicUrl: string | undefined
  readonly metrics: ConfigApiMetrics
  /** How answers become text; tests put a check against the route's schema here. */
  readonly serializerCompiler?: FastifySerializerCompiler<unknown>
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** Fastify with everything that concerns all routes; the routes come afterwards. */
export async function createApp(options: AppOptions): Promise<App> {
  const app = fastify({
    loggerInstance: options.logger as FastifyBaseLogger,
    bodyLimit: MEBIBYTE,
    // A client that sends its request byte by byte (slowloris) is cut off; 408.
    requestTimeout: 15_000,
    connectionTimeout: 60_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    // One line a request, written below with what we want to know.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ({ headers }) => {
      const given = headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId()
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      errorHandler(error, request, reply)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(validatorCompiler as FastifySchemaCompiler<unknown>)
  // Answers are made by typed code: serializing by schema would only hide a wrong field.
  app.setSerializerCompiler(options.serializerCompiler ?? (() => (data) => JSON.stringify(data)))
  app.setErrorHandler(errorHandler)

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      method: request.method,
      url: withoutKeys(request.url),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    }
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown', status: reply.statusCode }
    options.metrics.requests.observe(labels, reply.elapsedTime / 1_000)
    const level = request.method === 'GET' && reply.statusCode < 400 ? 'debug' : 'info'
    request.log[level]({ ...line, by: request.principal?.name }, 'request')
  })
  // An API answers data: no page may be made of it, no script run. Plain HTTP is for the proxy before it to redirect.
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: false,
  })
  await app.register(underPressure, { maxEventLoopDelay: 2_000, retryAfter: 2, sampleInterval: 1_000 })
  await app.register(rateLimit, {
    max: options.requestsPerSecond,
    timeWindow: 1_000,
    hook: 'onRequest',
    keyGenerator: (request) => request.principal?.keyId ?? request.ip,
  })
  // Before the limit of a key, although it comes later here: the plugin's hooks are the routes' own.
  addAuthentication(app, options.database)
  addNotFoundHandler(app)
  await addOpenApi(app, options.publicUrl)
  await addDocumentationPage(app)
  return app
}

/** Keys belong in the header; one that somebody put into the URL must not end up in the log. */
function withoutKeys(url: string): string {
  return url.replace(API_KEYS, 'iomt_…')
}
