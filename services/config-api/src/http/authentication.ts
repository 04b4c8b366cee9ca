import { normalizeIP } from '@fastify/rate-limit'
import type { Database } from '@iomt/database/connect'
import type { FastifyRequest } from 'fastify'
import { authenticate, presentedKeyHash } from '../access/authenticate.ts'
import { atLeast, type Principal, type Role } from '../access/principal.ts'
import { createRecentKeys } from '../access/recent-keys.ts'
import type { Actor } from '../changes/change.ts'
import { Refusal } from '../changes/refusal.ts'
import type { App } from './app.ts'
import { problem, sendProblem } from './problem.ts'

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

/**
 * Times a minute that one client address may present a key that nothing is known of, which costs a query of a small pool: so that
 * trying keys (5 queries a second at most) keeps nobody else from the database. Clients behind one proxy have one address.
 */
const ATTEMPTS_PER_MINUTE = 300
/** Keys in use go on whatever else comes from their address; those that were refused a moment ago are refused without asking. */
const KEYS_REMEMBERED = 5_000
/** Milliseconds, also for a key that is made valid meanwhile. */
const REFUSED_FOR = 10_000

/**
 * Every route needs an API key unless it is declared `public`; an unknown path too, so that paths cannot be probed. For an
 * `app` that has the rate limit plugin, which keeps the counts of the last 5,000 addresses.
 */
export function addAuthentication(app: App, database: Database): void {
  const inUse = createRecentKeys<true>(KEYS_REMEMBERED)
  const refused = createRecentKeys<Refusal>(KEYS_REMEMBERED, REFUSED_FOR)
  // By network, not by address, of IPv6, as the plugin does it by itself.
  const keyGenerator = ({ ip }: FastifyRequest) => normalizeIP(ip)
  const countAttempt = app.createRateLimit({ max: ATTEMPTS_PER_MINUTE, timeWindow: 60_000, keyGenerator })
  app.decorateRequest('principal', null)
  app.addHook('onRequest', async (request, reply) => {
    const { config } = request.routeOptions
    if (config.public) return
    const keyHash = presentedKeyHash(request.headers.authorization)
    const refusal = refused.get(keyHash)
    if (refusal) throw refusal
    if (!inUse.get(keyHash)) {
      const attempts = await countAttempt(request)
      if (!attempts.isAllowed && attempts.isExceeded) {
        reply.header('retry-after', attempts.ttlInSeconds)
        const detail = 'Too many unknown keys came from this address; wait as long as Retry-After says (seconds).'
        return sendProblem(reply, problem('rate-limited', detail, request.id))
      }
    }
    const principal = await authenticate(database, keyHash, new Date()).catch((error: unknown) => {
      if (error instanceof Refusal) {
        inUse.delete(keyHash)
        refused.set(keyHash, error)
      }
      throw error
    })
    inUse.set(keyHash, true)
    request.principal = principal
    if (request.is404) return
    const needed = config.role ?? (request.method === 'GET' || request.method === 'HEAD' ? 'viewer' : 'admin')
    requireRole(principal, needed)
  })
}

/** @throws Refusal `forbidden` unless the principal may do what `needed` may. */
export function requireRole({ role }: Principal, needed: Role): void {
  if (!atLeast(role, needed)) {
    throw new Refusal('forbidden', `This needs an API key of role ${needed}; yours has the role ${role}.`)
  }
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
