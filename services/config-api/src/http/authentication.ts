import type { Database } from '@iomt/database/connect'
import type { FastifyRequest } from 'fastify'
import { authenticate } from '../access/authenticate.ts'
import { atLeast, type Principal, type Role } from '../access/principal.ts'
import type { Actor } from '../changes/change.ts'
import { Refusal } from '../changes/refusal.ts'
import type { App } from './app.ts'

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null
  }
  interface FastifyContextConfig {
    /** No API key needed. */
    public?: true
    /** What the key must be allowed to do; default: viewer for GET, admin for everything else. */
    role?: Role
  }
}

/** Every route needs an API key unless it is declared `public`; an unknown path too, so that paths cannot be probed. */
export function addAuthentication(app: App, database: Database): void {
  app.decorateRequest('principal', null)
  app.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions
    if (config.public) return
    const principal = await authenticate(database, request.headers.authorization, new Date())
    request.principal = principal
    if (request.is404) return
    const needed = config.role ?? (request.method === 'GET' || request.method === 'HEAD' ? 'viewer' : 'admin')
    if (!atLeast(principal.role, needed)) {
      throw new Refusal('forbidden', `This needs an API key of role ${needed}; yours has the role ${principal.role}.`)
    }
  })
}

/** The principal of a request behind {@link addAuthentication}. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Refusal('unauthenticated', 'Send an API key: Authorization: Bearer iomt_…')
  return request.principal
}

/** The organization that the request is confined to, or null. */
export function tenantOf(request: FastifyRequest): string | null {
  return principalOf(request).organizationId
}

export function actorOf(request: FastifyRequest): Actor {
  const { name, organizationId } = principalOf(request)
  return { name, organizationId, requestId: request.id }
}
