import type { FastifyReply } from 'fastify'

/** Sends JSON that is text already: large answers are put together from what Postgres gives, without parsing it. */
export async function sendJsonText(reply: { type(name: string): unknown }, text: string | Buffer): Promise<never> {
  return (await (reply.type('application/json; charset=utf-8') as FastifyReply).send(text)) as never
}
