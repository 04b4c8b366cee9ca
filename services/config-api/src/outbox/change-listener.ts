import pg from 'pg'
import type { Logger } from 'pino'
import { OUTBOX_CHANNEL } from '../changes/change.ts'

const RECONNECT_DELAY = 1_000

export interface ChangeListener {
  start(): void
  stop(): Promise<void>
}

/**
 * Calls `onChange` when any replica commits a change (LISTEN/NOTIFY), on a connection of its own that comes back by
 * itself. Only a hint that saves waiting: what it misses while it is away, the poll finds.
 */
export function createChangeListener(url: string, logger: Logger, onChange: () => void): ChangeListener {
  let client: pg.Client | null = null
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  function retry(reason: unknown): void {
    if (stopped || timer) return
    logger.debug(
      { reason: reason instanceof Error ? reason.message : reason },
      'not listening for changes; trying again',
    )
    client?.removeAllListeners('notification')
    client?.end().catch(() => undefined)
    client = null
    timer = setTimeout(() => {
      timer = undefined
      listen().catch(retry)
    }, RECONNECT_DELAY)
  }

  async function listen(): Promise<void> {
    if (stopped) return
    const connecting = new pg.Client({
      connectionString: url,
      application_name: 'config-api-listen',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    })
    client = connecting
    connecting.on('error', retry)
    connecting.on('end', () => retry('connection ended'))
    connecting.on('notification', onChange)
    await connecting.connect()
    await connecting.query(`listen ${OUTBOX_CHANNEL}`)
    // Changes of the time in which nobody listened.
    onChange()
  }

  return {
    start() {
      listen().catch(retry)
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await client?.end().catch(() => undefined)
    },
  }
}
