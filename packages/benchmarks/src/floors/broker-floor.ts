import { fork } from 'node:child_process'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { waitFor } from '@iomt/testing/wait-for'
import { startLoadProcess } from '../load/load-process.ts'
import type { TaskResult } from '../measure/forked-task.ts'
import { costs, startUsageMeter } from '../measure/usage-meter.ts'
import type { BareSubscriberReport } from './bare-subscriber.main.ts'

/** Messages between publisher and subscriber; more would only wait in the broker's memory. */
const BACKLOG = 5_000
const WARM_UP = 1

/** The broker alone: the load of the pipeline at QoS 1 in and out, to one subscriber that does nothing with it. */
export async function measureBrokerFloor(seconds: number, topics: readonly (readonly string[])[]): Promise<TaskResult> {
  const broker = await startMosquitto({ logPackets: false })
  const load = startLoadProcess()
  const subscriber = fork(new URL('./bare-subscriber.main.ts', import.meta.url), { stdio: 'inherit' })
  try {
    let received = -1
    subscriber.on('message', (report: BareSubscriberReport) => {
      received = report.received
      load.raiseLimit(received + BACKLOG)
    })
    subscriber.send({ host: broker.host, port: broker.port })
    await waitFor(() => received >= 0, { what: 'the bare subscriber' })
    await load.connect(broker.host, broker.port, topics)
    load.publish({ rate: null, limit: BACKLOG, window: BACKLOG })
    await load.during(WARM_UP * 1_000)
    const meter = startUsageMeter({ mosquitto: broker.pid, subscriber: subscriber.pid ?? -1, generator: load.pid })
    const before = received
    const startedAt = performance.now()
    await load.during(seconds * 1_000)
    const messages = received - before
    const elapsed = (performance.now() - startedAt) / 1_000
    const { usage, otherCores } = meter.stop()
    const { published } = await load.finish()
    await waitFor(() => received >= published, { what: 'the subscriber to have everything' })
    return { messages, seconds: elapsed, rate: messages / elapsed, cpuMicroseconds: costs(usage, messages), otherCores }
  } finally {
    load.stop()
    subscriber.kill()
    await broker.stop()
  }
}
