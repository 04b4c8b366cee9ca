import type { App } from './app.ts'
import { problem, sendProblem } from './problem.ts'

/**
 * Answers unknown paths with 404, and known paths with an unknown method with 405 and `Allow`; limited like the others. For
 * an `app` that has the rate limit plugin and no routes yet.
 */
export function addNotFoundHandler(app: App): void {
  const methodsOf = new Map<string, { pattern: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methodsOf.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const name of Array.isArray(method) ? method : [method]) known.methods.add(name)
    methodsOf.set(url, known)
  })
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    const allowed = [...methodsOf.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap(({ methods }) => [...methods])
    if (allowed.length === 0) {
      const detail = `There is no ${path.slice(0, 200)}; /openapi.json lists every endpoint.`
      return sendProblem(reply, problem('route-not-found', detail, request.id))
    }
    const list = [...new Set(allowed)].sort().join(', ')
    reply.header('allow', list)
    return sendProblem(reply, problem('method-not-allowed', `This endpoint has ${list}.`, request.id))
  })
}

function patternOf(url: string): RegExp {
  const levels = url.split('/').map((level) => {
    if (level.startsWith(':')) return '[^/]+'
    return level === '*' ? '.*' : level.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${levels.join('/')}$`)
}
