import swagger from '@fastify/swagger'
import { asyncApiDocument } from '@iomt/contracts/async-api'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyReply } from 'fastify'
import type { App } from './app.ts'
import { hoistComponents, markComponents } from './openapi-components.ts'

const TAGS = [
  { name: 'organizations', description: 'Tenants' },
  { name: 'departments', description: 'Wards of an organization' },
  { name: 'pdus', description: 'Power distribution units; their broker block is what their sockets inherit' },
  { name: 'sockets', description: 'Sockets of PDUs, their MQTT configuration and live status' },
  { name: 'topics', description: 'Topics checked, generated, and their conflicts over the estate' },
  { name: 'payloads', description: 'Messages as they come: samples, previews, replays' },
  { name: 'payload-profiles', description: 'Payload configurations that sockets share' },
  { name: 'devices', description: 'Medical devices' },
  { name: 'mqtt', description: 'Devices through the sockets they are plugged into; state and history' },
  { name: 'telemetry', description: 'Readings as they come' },
  { name: 'gateways', description: 'The gateway pool, for operations staff' },
  { name: 'api-keys', description: 'Who may use this interface' },
  { name: 'service', description: 'Health and metrics' },
]

const DESCRIPTION = `Configuration, status and history of medical devices on measured sockets.

- **Authentication**: \`Authorization: Bearer iomt_…\`. Roles: viewer reads, operator also publishes to sockets and tests them, admin changes; keys are made with \`POST /api-keys\`.
- **Lists**: \`{items, next_cursor}\`; pass \`next_cursor\` as \`cursor\` for the next page.
- **Versions**: every resource of the configuration has an \`ETag\`; send it as \`If-Match\` and a stale write is refused with 412.
- **Errors**: RFC 9457 \`application/problem+json\`; \`type\` is stable.
- **Secrets** are write-only: a read shows \`password_set\` and \`key_set\`.
- **On NATS**: subjects and messages are in [/asyncapi.json](/asyncapi.json).`

/** Of the interface, in both documents. */
const VERSION = '1.0.0'

/** `/openapi.json`, made from the routes' schemas, and `/asyncapi.json`, from those of the messages on NATS. Register before the routes. */
export async function addOpenApi(app: App, publicUrl: string | undefined): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'IoMT socket telemetry', version: VERSION, description: DESCRIPTION },
      ...(publicUrl ? { servers: [{ url: publicUrl }] } : {}),
      tags: TAGS,
      components: {
        securitySchemes: { api_key: { type: 'http', scheme: 'bearer', description: 'An API key, iomt_…' } },
      },
      security: [{ api_key: [] }],
    },
    transform: ({ schema, url }) => ({ schema: markComponents(schema), url }),
    transformObject: (document) => hoistComponents('openapiObject' in document ? document.openapiObject : {}),
  })
  let text: string | undefined
  app.get('/openapi.json', { config: { public: true, rateLimit: false }, schema: { hide: true } }, async (_, reply) => {
    text ??= JSON.stringify(app.swagger())
    return await sendJson(reply, text)
  })
  const asyncApi = JSON.stringify(asyncApiDocument(VERSION))
  app.get('/asyncapi.json', { config: { public: true, rateLimit: false }, schema: { hide: true } }, (_, reply) =>
    sendJson(reply, asyncApi),
  )
}

const sendJson = (reply: FastifyReply, text: string) =>
  reply.type('application/json; charset=utf-8').serializer(String).send(text)

/** The script and styles come from the package itself: the page works without internet access. */
export async function addDocumentationPage(app: App): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true, rateLimit: false }
    })
    // Helmet's policy for the API allows nothing; this page runs one script of ours and its inline styles.
    scope.addHook('onSend', async (_, reply) => {
      reply.header(
        'content-security-policy',
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:",
      )
    })
    await scope.register(scalar, {
      routePrefix: '/docs',
      configuration: {
        url: '/openapi.json',
        pageTitle: 'IoMT socket telemetry',
        withDefaultFonts: false,
        telemetry: false,
        hideClientButton: true,
        agent: { disabled: true },
        mcp: { disabled: true },
        showDeveloperTools: 'never',
      },
    })
  })
}
