import type { Bus } from '@iomt/bus/connect'
import type { ReplayCreate } from '@iomt/contracts/rest/replay'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { v7 as newId } from 'uuid'
import { Refusal } from '../../changes/refusal.ts'
import { readDesiredStates } from '../../desired-state/desired-state.ts'
import { replayDeadLetters } from './replay-dead-letters.nats.ts'
import { replayLogs } from './replay-logs.ts'
import type { ReplayRun } from './replay-run.ts'
import { finishReplay, insertReplay, newProgress, type ReplayRequester, saveProgress } from './replay-store.ts'

/** One after the other, so that they never get in the way of other work; more than these are refused. */
const MAX_WAITING = 50
/** Milliseconds between the signs of life of those that run or wait. */
const HEARTBEAT = 5_000

export interface ReplaysOptions {
  readonly database: Database
  /** Null while NATS cannot be reached. */
  readonly bus: () => Bus | null
  readonly logger: Logger
}

/** Runs replays in this process. One that the process does not live to end is shown as interrupted and may be repeated. */
export interface Replays {
  /** Answers its id; it runs on. @throws Refusal when NATS is away or too many are waiting. */
  begin(asked: ReplayCreate, socketIds: readonly string[], by: ReplayRequester): Promise<string>
  /** Interrupts those that run or wait. */
  stop(): Promise<void>
}

export function createReplays({ database, bus, logger }: ReplaysOptions): Replays {
  const stopping = new AbortController()
  const waiting = new Set<string>()
  let turn: Promise<void> = Promise.resolve()

  async function run(id: string, asked: ReplayCreate, socketIds: readonly string[]): Promise<void> {
    const progress = newProgress()
    const replay: ReplayRun = {
      id,
      database,
      from: new Date(asked.from),
      to: new Date(asked.to),
      dryRun: asked.dry_run ?? false,
      progress,
      signal: stopping.signal,
      async save() {
        await saveProgress(database, id, progress)
        stopping.signal.throwIfAborted()
      },
    }
    try {
      await replay.save()
      const states = await readDesiredStates(database, socketIds)
      if (asked.source === 'logs') await replayLogs(replay, states)
      else await replayDeadLetters(requireBus(bus), replay, states)
      await finishReplay(database, id, progress, { state: 'done', error: null })
    } catch (error) {
      const interrupted = stopping.signal.aborted
      const reason = error instanceof Error ? error.message : String(error)
      if (!interrupted) logger.warn({ err: error, replay: id }, 'a replay failed')
      const end = interrupted
        ? ({ state: 'interrupted', error: 'the service was stopped; start it again' } as const)
        : ({
            state: 'failed',
            error: error instanceof Refusal ? reason : 'an error of the server, see its log',
          } as const)
      // When not even this can be written, the missing heartbeat says it.
      await finishReplay(database, id, progress, end).catch(() => undefined)
    }
  }

  async function beat(): Promise<void> {
    if (waiting.size === 0) return
    await database
      .updateTable('replays')
      .set({ heartbeat_at: sql`now()` })
      .where('id', 'in', [...waiting])
      .execute()
  }
  const timer = setInterval(() => void beat().catch(() => undefined), HEARTBEAT)
  timer.unref()

  return {
    async begin(asked, socketIds, by) {
      if (asked.source === 'dead-letters') requireBus(bus)
      if (waiting.size >= MAX_WAITING) {
        throw new Refusal(
          'too-many-replays',
          `${MAX_WAITING} replays are waiting here; try again when some have ended.`,
        )
      }
      const id = newId()
      waiting.add(id)
      try {
        await insertReplay(database, id, asked, by)
      } catch (error) {
        waiting.delete(id)
        throw error
      }
      turn = turn.then(() => run(id, asked, socketIds)).finally(() => waiting.delete(id))
      return id
    },
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await turn
    },
  }
}

function requireBus(bus: () => Bus | null): Bus {
  const connected = bus()
  if (!connected) throw new Refusal('nats-unavailable', 'The dead letters are in NATS, which cannot be reached now.')
  return connected
}
