import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { DEAD_LETTER_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import { type RunningConfigApi, type StartOptions, startConfigApi } from './start-config-api.ts'

export interface ConfigApiWithNats {
  readonly nats: NatsServer
  /** For publishing what a gateway would. */
  readonly bus: Bus
  readonly running: RunningConfigApi
  stop(): Promise<void>
}

/** A config-api and a nats-server of its own with the streams of readings and dead letters; resolves once they are connected. */
export async function startConfigApiWithNats(config: StartOptions['config'] = {}): Promise<ConfigApiWithNats> {
  const nats = await startNats()
  const bus = await connectBus({ url: nats.url, name: 'test', logger: pino({ level: 'silent' }) })
  await ensureStreams(bus, [TELEMETRY_STREAM, DEAD_LETTER_STREAM])
  const running = await startConfigApi({ natsUrl: nats.url, config })
  await waitFor(async () => (await running.api.get(`/sockets/${newId()}/samples`)).status === 404, { what: 'NATS' })
  return {
    nats,
    bus,
    running,
    async stop() {
      await running.stop()
      await bus.close()
      await nats.stop()
    },
  }
}
