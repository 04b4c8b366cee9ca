// A process of its own: the load must not share an event loop with what is measured, and its CPU is counted apart.
import { calibrateWallClock } from '../measure/wall-clock.ts'
import { type LoadConnection, openLoadConnection } from './load-connection.ts'
import type { LoadAnswer, LoadCommand } from './load-protocol.ts'
import { CLOCK_LENGTH, writeClock } from './reading-template.ts'

/** Milliseconds between two looks at what is due. */
const TICK = 4
const PROGRESS_INTERVAL = 50
/** Connections opened at once. */
const CONNECTING = 50

const connections: LoadConnection[] = []
const clock = Buffer.alloc(CLOCK_LENGTH)
let now = calibrateWallClock()
let published = 0
let acknowledged = 0
let limit = 0
let window = 0
let rate: number | null = null
let spread = 0
let lookedAt = 0
let startedAt = 0
let startedOnWallClock = 0
let publishedAtStart = 0
let mostOverdue = 0
let turn = 0
let ticking: NodeJS.Timeout | undefined
let reporting: NodeJS.Timeout | undefined
let running = false
let finishing = false

const answer = (message: LoadAnswer) => void process.send?.(message)

process.on('disconnect', () => process.exit())
process.on('message', (command: LoadCommand) => {
  execute(command).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))
})

function fail(reason: string): void {
  answer({ kind: 'failed', reason })
}

async function execute(command: LoadCommand): Promise<void> {
  switch (command.kind) {
    case 'connect':
      await connectAll(command)
      answer({ kind: 'connected' })
      break
    case 'publish':
      start(command)
      break
    case 'limit':
      limit = command.limit
      if (running && rate === null && spread === 0) publishDue()
      break
    case 'stop':
      running = false
      finishing = true
      clearInterval(ticking)
      finishWhenAcknowledged()
      break
  }
}

async function connectAll({ host, port, connections: wanted }: Extract<LoadCommand, { kind: 'connect' }>) {
  for (let first = 0; first < wanted.length; first += CONNECTING) {
    const opened = wanted.slice(first, first + CONNECTING).map((topics, index) =>
      openLoadConnection({
        host,
        port,
        clientId: `load-${process.pid}-${first + index}`,
        topics,
        onAcknowledged,
        onFailure: fail,
      }),
    )
    connections.push(...(await Promise.all(opened)))
  }
}

function start(command: Extract<LoadCommand, { kind: 'publish' }>): void {
  now = calibrateWallClock()
  ;({ limit, window, rate, spread = 0 } = command)
  running = true
  finishing = false
  startedAt = performance.now()
  startedOnWallClock = now()
  publishedAtStart = published
  lookedAt = startedAt
  mostOverdue = 0
  ticking = setInterval(publishDue, TICK)
  reporting = setInterval(() => answer({ kind: 'progress', published, acknowledged }), PROGRESS_INTERVAL)
  publishDue()
}

function onAcknowledged(messages: number): void {
  acknowledged += messages
  if (finishing) finishWhenAcknowledged()
  else if (running && rate === null && spread === 0) publishDue()
}

/** Bursts in turn, so that at any moment all sockets have published the same number of readings or one more. */
function publishDue(): void {
  const due = dueNow()
  if (rate !== null) mostOverdue = Math.max(mostOverdue, due - published)
  while (published < due) {
    const connection = connections[turn] as LoadConnection
    if (connection.inFlight + connection.sockets > window || !connection.writable) break
    writeClock(clock, rate === null ? now() : dueAt(published, rate))
    connection.publishBurst(clock)
    published += connection.sockets
    turn = (turn + 1) % connections.length
  }
}

/**
 * When a burst that begins with this message is due. At a fixed pace that is the time in the payload: what this process or
 * the broker delays is a wait that a device's reading would have had, so latencies must contain it.
 */
const dueAt = (message: number, perSecond: number): number =>
  startedOnWallClock + ((message - publishedAtStart) * 1_000) / perSecond

/** Messages that should have been published by now. */
function dueNow(): number {
  const time = performance.now()
  const elapsed = time - lookedAt
  lookedAt = time
  if (rate !== null) return Math.min(limit, publishedAtStart + ((time - startedAt) * rate) / 1_000)
  // The room that a large commit makes is not filled by one burst, after which everything would wait for the next commit.
  return spread === 0 ? limit : published + (limit - published) * Math.min(1, elapsed / spread)
}

function finishWhenAcknowledged(): void {
  if (acknowledged < published) return
  clearInterval(reporting)
  const writtenBySocket = connections.map(({ bursts }) => bursts)
  answer({ kind: 'finished', published, writtenBySocket, mostOverdue: Math.round(mostOverdue) })
}
