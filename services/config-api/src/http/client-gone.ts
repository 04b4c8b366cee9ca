import type { FastifyReply } from 'fastify'

/** The client has closed its connection: there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'

  constructor() {
    super('the client has gone')
  }
}

/** Aborts with a ClientGoneError when the client leaves before it has its answer; for what takes several queries. */
export function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (reply.raw.writableFinished) return
    reply.log.debug('the client left before its answer')
    gone.abort(new ClientGoneError())
  })
  return gone.signal
}
