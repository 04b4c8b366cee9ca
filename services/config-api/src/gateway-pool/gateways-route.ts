import { GatewayPool } from '@iomt/contracts/rest/gateway-pool'
import { Refusal } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { actorOf } from '../http/authentication.ts'
import { answers } from '../http/route-documentation.ts'

/** `readPool` answers null while NATS cannot be reached. */
export function addGatewaysRoute(app: App, readPool: () => Promise<GatewayPool | null>): void {
  app.get(
    '/gateways',
    {
      schema: {
        tags: ['gateways'],
        operationId: 'getGateways',
        summary: 'The gateway pool: members, what each owns, and the last 50 rebalances with what they cost',
        description: 'For operations staff: a key that is bound to an organization is refused.',
        response: answers({ 200: GatewayPool }),
      },
    },
    async (request) => {
      // The pool serves all organizations: what it does tells of the others.
      if (actorOf(request).organizationId !== null) {
        throw new Refusal('forbidden', 'The gateway pool is shown to keys that are not bound to an organization.')
      }
      const pool = await readPool()
      if (!pool)
        throw new Refusal('gateway-unavailable', 'NATS cannot be reached; what the gateways do is not known here.')
      return pool
    },
  )
}
