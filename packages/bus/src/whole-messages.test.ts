import { Parser, type ParserEvent } from '@nats-io/nats-core/internal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withWholeMessages } from './whole-messages.ts'

const token = fc.stringMatching(/^[a-zA-Z0-9_$.>-]{1,30}$/)
const bytes = fc.string({ unit: 'binary', maxLength: 40 })

/** `HMSG subject sid [reply] headers size`, or `MSG` where there are no headers. */
const message = fc
  .tuple(token, fc.nat(99), fc.option(token), fc.option(bytes), bytes)
  .map(([subject, sid, reply, headers, payload]) => {
    const to = [subject, sid, ...(reply === null ? [] : [reply])].join(' ')
    const size = Buffer.byteLength((headers ?? '') + payload)
    const line = headers === null ? `MSG ${to} ${size}` : `HMSG ${to} ${Buffer.byteLength(headers)} ${size}`
    return `${line}\r\n${headers ?? ''}${payload}\r\n`
  })
const unusual = fc.constantFrom(
  'PING\r\n',
  'PONG\r\n',
  '+OK\r\n',
  'INFO {"server_id":"MSG a 1 2"}\r\n',
  "-ERR 'HMSG a 1 2 3'\r\n",
  'msg a 1 2\r\nhi\r\n',
  'MSG  a\t1  2 \r\nhi\r\n',
  'MSG a 1 2\nhi\n',
  'HMSG a 1 b 0 0\r\n\r\n',
)
const stream = fc.array(fc.oneof({ weight: 3, arbitrary: message }, { weight: 1, arbitrary: unusual }), {
  maxLength: 8,
})

interface Outcome {
  readonly events: unknown[]
  readonly error: boolean
}

function parsedBy(
  make: (dispatcher: { push(event: ParserEvent): void }) => Parser,
  pieces: readonly Buffer[],
): Outcome {
  const events: unknown[] = []
  const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString('hex')
  const parser = make({
    push: ({ kind, msg, data }) =>
      events.push([kind, msg && { ...msg, subject: text(msg.subject), reply: text(msg.reply) }, text(data)]),
  })
  try {
    for (const piece of pieces) parser.parse(piece)
    return { events, error: false }
  } catch {
    return { events, error: true }
  }
}
const library = (pieces: readonly Buffer[]) => parsedBy((dispatcher) => new Parser(dispatcher), pieces)
const ours = (pieces: readonly Buffer[]) => parsedBy((dispatcher) => withWholeMessages(new Parser(dispatcher)), pieces)

function cut(text: string, places: readonly number[]): Buffer[] {
  const all = Buffer.from(text)
  const at = [0, ...places.map((place) => place % (all.length + 1)), all.length].sort((left, right) => left - right)
  return at.slice(1).map((end, index) => all.subarray(at[index], end))
}

test('however the socket cuts it, the same comes out as from the library alone', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(2_000), { maxLength: 6 }), (frames, places) => {
      const pieces = cut(frames.join(''), places)
      expect(ours(pieces)).toEqual(library(pieces))
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['no subscription', 'MSG a 5\r\nhello\r\n'],
  ['a letter in the size', 'MSG a 1 5x\r\nhello\r\n'],
  ['a negative size', 'MSG a 1 -1\r\n\r\n'],
  ['more headers than there are bytes', 'HMSG a 1 9 5\r\nhello\r\n'],
  ['a field too many', 'MSG a 1 b c 5\r\nhello\r\n'],
  ['a bare carriage return', 'MSG a 1 2\rXhi\r\n'],
  ['another command', 'MESSAGE a 1 5\r\nhello\r\n'],
  ['more than the library takes', `MSG a 1 ${65 * 1024 ** 2}\r\n`],
])('a line with %s fails as it does in the library', (_what, text) => {
  expect(library([Buffer.from(text)]).error).toBe(true)
  expect(ours([Buffer.from(`MSG a 1 2\r\nok\r\n${text}`)])).toEqual(
    library([Buffer.from(`MSG a 1 2\r\nok\r\n${text}`)]),
  )
})
