import { fork } from 'node:child_process'
import { connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { stoppedBy, withStarted } from '../measure/start-together.ts'
import type { StartPeer } from '../peers/measure-peer.ts'
import type { BareGatewayInput } from './bare-gateway.main.ts'
import type { BareWriterInput } from './bare-writer.main.ts'

const DURABLE = 'bare-writer'
const PULL_SUBJECT = `$JS.API.CONSUMER.MSG.NEXT.${TELEMETRY_STREAM.name}.${DURABLE}`

/**
 * The product's way from broker to table without what makes it a product: what these servers and this runtime can do on
 * this machine at this hour. It loses and doubles messages as soon as anything stops.
 */
export const startBarePipeline: StartPeer = async ({ broker, databaseUrl, places, topic }) => {
  return await withStarted(async (started) => {
    const nats = await stoppedBy(started, startNats())
    await makeConsumer(nats.url)
    const { host, port } = broker
    const gatewayInput: BareGatewayInput = { broker: { host, port }, natsUrl: nats.url, places, topic }
    const writerInput: BareWriterInput = { natsUrl: nats.url, databaseUrl, pullSubject: PULL_SUBJECT }
    const writer = await start(new URL('./bare-writer.main.ts', import.meta.url), writerInput, started)
    const gateway = await start(new URL('./bare-gateway.main.ts', import.meta.url), gatewayInput, started)
    const running = started.move()
    return {
      processes: { 'bare-gateway': gateway, 'bare-writer': writer, 'nats-server': nats.pid },
      output: () => '',
      stop: () => running.disposeAsync(),
    }
  })
}

async function makeConsumer(url: string): Promise<void> {
  const bus = await connectBus({ url, name: 'benchmark', logger: pino({ level: 'silent' }) })
  try {
    await ensureStreams(bus, [TELEMETRY_STREAM])
    await bus.manager.consumers.add(TELEMETRY_STREAM.name, {
      durable_name: DURABLE,
      ack_policy: 'all',
      deliver_policy: 'all',
      max_ack_pending: 60_000,
    })
  } finally {
    await bus.close()
  }
}

async function start(main: URL, input: object, started: AsyncDisposableStack): Promise<number> {
  const child = started.adopt(fork(main, { stdio: 'inherit' }), (process) => void process.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`${main.pathname} ended (${code})`)))
    child.send(input)
  })
  return child.pid ?? -1
}
