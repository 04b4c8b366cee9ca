import type { NatsConnection } from '@nats-io/nats-core'
import { Kind, type MsgArg, type NatsConnectionImpl, type Parser, State } from '@nats-io/nats-core/internal'
import { decimalIn } from './decimal.ts'

const [SPACE, CARRIAGE_RETURN, LINE_FEED] = [0x20, 0x0d, 0x0a]
const [UPPER_H, UPPER_M] = [0x48, 0x4d]
const LINE_END_BYTES = 2

/**
 * Lets a connection read the messages that lie whole in what the socket brought (`MSG subject sid [reply] size` and
 * `HMSG subject sid [reply] headers size`, each followed by its bytes) in one go: 0.7 µs one of 900 bytes with headers,
 * against 3.4 of the library, which goes through a state machine byte by byte and makes an array of each field. Whatever
 * else there is (a message in two pieces, PING, INFO, errors) goes to the library's parser as before.
 */
export function readWholeMessages(connection: NatsConnection): void {
  // As in `createFrameWriter`: the library's own packages use the same entry, `internal`.
  const { protocol } = connection as NatsConnectionImpl
  let parser = withWholeMessages(protocol.parser)
  // The library makes a new one for each reconnect.
  Object.defineProperty(protocol, 'parser', {
    get: () => parser,
    set: (next: Parser) => {
      parser = withWholeMessages(next)
    },
  })
}

/** The same parser, quicker. */
export function withWholeMessages(parser: Parser): Parser {
  const parsePiece = parser.parse.bind(parser)
  parser.parse = (bytes) => {
    let at = 0
    while (at < bytes.length) {
      if (parser.state === State.OP_START) at = pushWholeMessages(parser, bytes, at)
      if (at === bytes.length) return
      const end = parser.state === State.OP_START ? bytes.length : endOfPiece(parser, bytes, at)
      parsePiece(bytes.subarray(at, end))
      at = end
    }
  }
  return parser
}

/** Where what the library's parser has begun ends at the earliest. */
function endOfPiece(parser: Parser, bytes: Uint8Array, at: number): number {
  if (parser.state === State.MSG_PAYLOAD) {
    const missing = parser.ma.size - (parser.msgBuf?.length ?? 0) + LINE_END_BYTES
    return Math.min(bytes.length, at + missing)
  }
  const lineFeed = bytes.indexOf(LINE_FEED, at)
  return lineFeed === -1 ? bytes.length : lineFeed + 1
}

/** @returns where something begins that is no whole message. */
function pushWholeMessages(parser: Parser, bytes: Uint8Array, from: number): number {
  let start = from
  while (start < bytes.length) {
    const withHeaders = bytes[start] === UPPER_H
    const subjectStart = start + (withHeaders ? 'HMSG '.length : 'MSG '.length)
    if (!withHeaders && bytes[start] !== UPPER_M) return start

    let first = -1
    let second = -1
    let third = -1
    let fourth = -1
    let lineEnd = subjectStart
    for (; lineEnd < bytes.length && bytes[lineEnd] !== CARRIAGE_RETURN; lineEnd += 1) {
      if (bytes[lineEnd] !== SPACE) continue
      if (first === -1) first = lineEnd
      else if (second === -1) second = lineEnd
      else if (third === -1) third = lineEnd
      else fourth = lineEnd
    }
    const last = withHeaders ? fourth : third
    const hasReply = last !== -1
    const beforeSize = hasReply ? last : withHeaders ? third : second
    const beforeHeaders = hasReply ? third : second
    const sid = decimalIn(bytes, first + 1, second)
    const hdr = withHeaders ? decimalIn(bytes, beforeHeaders + 1, beforeSize) : -1
    const size = decimalIn(bytes, beforeSize + 1, lineEnd)
    const dataStart = lineEnd + LINE_END_BYTES
    const dataEnd = dataStart + size
    const end = dataEnd + LINE_END_BYTES
    // False, too, when something that should be a number is none.
    const isWhole = sid >= 0 && hdr <= size && end <= bytes.length
    if (!isWhole || !endsLine(bytes, dataStart) || !endsLine(bytes, end)) return start

    const msg: MsgArg = { subject: bytes.subarray(subjectStart, first), sid, hdr, size }
    if (hasReply) msg.reply = bytes.subarray(second + 1, third)
    parser.dispatcher.push({ kind: Kind.MSG, msg, data: bytes.subarray(dataStart, dataEnd) })
    start = end
  }
  return start
}

function endsLine(bytes: Uint8Array, end: number): boolean {
  return bytes[end - 2] === CARRIAGE_RETURN && bytes[end - 1] === LINE_FEED
}
