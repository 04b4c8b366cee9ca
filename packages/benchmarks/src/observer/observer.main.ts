// A process of its own: what delays the benchmark's event loop must not count as latency of the product.
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { CLOCK_LENGTH } from '../load/reading-template.ts'
import { latencyOf } from '../measure/percentiles.ts'
import { calibrateWallClock } from '../measure/wall-clock.ts'
import type { ObserverAnswer, ObserverCommand } from './observer-protocol.ts'

const CLOCK_FIELD = '"timestamp":"'

let connection: NatsConnection | undefined
let now = calibrateWallClock()
let latencies: number[] = []

const answer = (message: ObserverAnswer) => void process.send?.(message)

process.on('disconnect', () => process.exit())
process.on('message', (command: ObserverCommand) => {
  execute(command).catch((error: unknown) => {
    console.error(`the observer on NATS: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  })
})

async function execute(command: ObserverCommand): Promise<void> {
  switch (command.kind) {
    case 'subscribe':
      connection = await connect({ servers: command.url, name: 'benchmark-observer' })
      for (const subject of command.subjects) {
        connection.subscribe(subject, { callback: (_error, message) => observe(message.data) })
      }
      await connection.flush()
      answer({ kind: 'ready' })
      break
    case 'observe':
      now = calibrateWallClock()
      latencies = []
      answer({ kind: 'observing' })
      break
    case 'report':
      answer({ kind: 'latency', latency: latencyOf(latencies) })
      break
  }
}

function observe(data: Uint8Array): void {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const at = bytes.indexOf(CLOCK_FIELD, 0, 'latin1') + CLOCK_FIELD.length
  const clock = bytes.toString('latin1', at, at + CLOCK_LENGTH)
  // Date.parse cuts below the millisecond.
  latencies.push(now() - (Date.parse(clock) + Number(clock.slice(23, 26)) / 1_000))
}
