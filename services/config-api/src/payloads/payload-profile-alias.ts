import type { App } from '../http/app.ts'

const ALIAS = '/payload_profiles'

/** The resource under the name of its table, for those who guess it: 308 keeps method and body. */
export function addPayloadProfileAlias(app: App): void {
  for (const url of [ALIAS, `${ALIAS}/*`]) {
    app.route({
      method: ['GET', 'POST', 'PATCH', 'DELETE'],
      url,
      config: { role: 'viewer' },
      schema: { hide: true },
      handler: async (request, reply) => await reply.redirect(request.url.replace(ALIAS, '/payload-profiles'), 308),
    })
  }
}
