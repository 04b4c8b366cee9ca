import type { ServerResponse } from 'node:http'
import type { StreamDropReason } from '@iomt/contracts/rest/telemetry-stream'
import { droppedEvent, HEARTBEAT, positionEvent } from './server-sent-event.ts'

/** Milliseconds in which a dropped client may read its last event. */
const FAREWELL_TIMEOUT = 2_000
/** Milliseconds above the limit that are forgiven: a burst, or this process being late, makes no client slow. */
const GRACE = 1_000
/** Times the limit at which nothing is forgiven. */
const HARD_LIMIT = 4
/** Milliseconds without an id after which a heartbeat carries one: who waits for a rare reading must not fall out of the stream. */
const POSITION_INTERVAL = 600_000

/** One client's connection. Writing never blocks; what the client does not read piles up, up to a limit, then it is dropped. */
export interface StreamClient {
  readonly keyId: string
  /** Bytes that the client has not read and that are held in this process. */
  buffered(): number
  /** Resolves when nothing is held for it any more, or it is gone. */
  drained(): Promise<void>
  write(bytes: Uint8Array): void
  /** Not counted against the limit: the caller waits for {@link drained} before it has more. */
  writePaced(bytes: Uint8Array): void
  /** A comment, and the position when none was sent for long. */
  heartbeat(position: number | null, now: number): void
  /** Drops it when it has been above its limit for too long; looked at with each write too. */
  checkPace(): void
  /** Ends it with a last event that says why. */
  drop(reason: StreamDropReason): void
  /** Aborts when the client is gone, whoever ended it. */
  readonly gone: AbortSignal
}

export interface StreamClientOptions {
  readonly response: ServerResponse
  readonly keyId: string
  readonly maxBufferedBytes: number
  readonly now: number
  readonly onDrop: (reason: StreamDropReason) => void
}

export function createStreamClient(options: StreamClientOptions): StreamClient {
  const { response, keyId, maxBufferedBytes, onDrop } = options
  const gone = new AbortController()
  let lastIdAt = options.now
  let aboveSince: number | null = null
  let ended = false
  const end = () => {
    ended = true
    gone.abort()
  }
  response.on('close', end)
  // It may have left while the stream was made ready.
  if (response.destroyed) end()
  // A reset connection is an ordinary end, which `close` reports.
  response.on('error', () => undefined)

  function write(bytes: Uint8Array): void {
    if (ended) return
    response.write(bytes)
    checkPace()
  }

  function checkPace(): void {
    const held = response.writableLength
    if (ended || held <= maxBufferedBytes) {
      aboveSince = null
      return
    }
    aboveSince ??= performance.now()
    if (held > HARD_LIMIT * maxBufferedBytes || performance.now() - aboveSince > GRACE) drop('too-slow')
  }

  function drop(reason: StreamDropReason): void {
    if (ended) return
    ended = true
    onDrop(reason)
    gone.abort()
    response.end(droppedEvent(reason))
    const timer = setTimeout(() => response.destroy(), FAREWELL_TIMEOUT)
    response.once('close', () => clearTimeout(timer))
  }

  return {
    keyId,
    gone: gone.signal,
    buffered: () => (response.destroyed ? 0 : response.writableLength),
    async drained() {
      if (ended || response.writableLength === 0) return
      await new Promise<void>((resolve) => {
        const done = () => {
          response.off('drain', done)
          gone.signal.removeEventListener('abort', done)
          resolve()
        }
        // 'drain' comes when nothing is left to write, and only after a write that went over the high-water mark.
        if (response.writableNeedDrain) response.on('drain', done)
        else return resolve()
        gone.signal.addEventListener('abort', done)
      })
    },
    write,
    checkPace,
    writePaced(bytes) {
      if (!ended) response.write(bytes)
    },
    heartbeat(position, now) {
      if (position !== null && now - lastIdAt >= POSITION_INTERVAL) {
        lastIdAt = now
        write(positionEvent(position))
      }
      write(HEARTBEAT)
    },
    drop,
  }
}
