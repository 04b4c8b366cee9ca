import type { SocketStatus } from '@iomt/contracts/socket-status'

const MINUTE = 60_000
/** Rates are of so many minutes of the clock, the present one among them. */
const MINUTES = 5

export interface ReceivedMessage {
  readonly bytes: number
  readonly qos: number
  readonly dup: boolean
  /** When it came, in milliseconds since 1970. */
  readonly at: number
}

/** What was received for a socket since this process took it. */
export interface SocketTraffic {
  readonly lastMessageAt: number | null
  readonly lastQos: number | null
  received(message: ReceivedMessage): void
  /** A message that came `receivedAt` was stored `at`. */
  stored(receivedAt: number, at: number): void
  deadLetter(): void
  /** As it is shown. */
  view(now: number): SocketStatus['traffic']
}

/** What came in a minute of the clock. */
interface Minute {
  messages: number
  bytes: number
  stored: number
  /** Milliseconds, of all that were stored. */
  storedAfter: number
}

/** `since`: when this process took the socket. */
export function createSocketTraffic(since: number): SocketTraffic {
  const total = { messages: 0, bytes: 0, dead_letters: 0, redelivered: 0 }
  let recent = nothingAtAll()
  let newest = 0
  let lastMessageAt: number | null = null
  let lastQos: number | null = null

  function minuteOf(at: number): Minute {
    const minute = Math.floor(at / MINUTE)
    // A clock that was set back: what was counted is of minutes that are still to come.
    if (minute < newest - 1) {
      recent = nothingAtAll()
      newest = minute
    }
    for (let passed = Math.max(newest + 1, minute - MINUTES + 1); passed <= minute; passed += 1) {
      recent[passed % MINUTES] = nothing()
    }
    newest = Math.max(newest, minute)
    return recent[newest % MINUTES] as Minute
  }

  return {
    get lastMessageAt() {
      return lastMessageAt
    },
    get lastQos() {
      return lastQos
    },
    received({ bytes, qos, dup, at }) {
      total.messages += 1
      total.bytes += bytes
      if (dup) total.redelivered += 1
      lastMessageAt = at
      lastQos = qos
      const minute = minuteOf(at)
      minute.messages += 1
      minute.bytes += bytes
    },
    stored(receivedAt, at) {
      const minute = minuteOf(at)
      minute.stored += 1
      minute.storedAfter += at - receivedAt
    },
    deadLetter() {
      total.dead_letters += 1
    },
    view(now) {
      minuteOf(now)
      const sum = nothing()
      for (const minute of recent) {
        sum.messages += minute.messages
        sum.bytes += minute.bytes
        sum.stored += minute.stored
        sum.storedAfter += minute.storedAfter
      }
      const start = Math.max(since, (Math.floor(now / MINUTE) - MINUTES + 1) * MINUTE)
      // Of no less than one: the first message of a socket that was just taken is no rate of thousands.
      const minutes = Math.max(now - start, MINUTE) / MINUTE
      return {
        ...total,
        last_message_at: lastMessageAt === null ? null : new Date(lastMessageAt).toISOString(),
        last_qos: lastQos,
        messages_per_minute: Math.round((sum.messages / minutes) * 100) / 100,
        bytes_per_minute: Math.round(sum.bytes / minutes),
        stored_after_ms: sum.stored === 0 ? null : Math.round((sum.storedAfter / sum.stored) * 10) / 10,
      }
    },
  }
}

const nothingAtAll = () => Array.from({ length: MINUTES }, nothing)

function nothing(): Minute {
  return { messages: 0, bytes: 0, stored: 0, storedAfter: 0 }
}
