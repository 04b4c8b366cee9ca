import { startAedes } from './aedes-broker.ts'
import { dockerContainers } from './docker-containers.ts'
import { mosquittoPath, startMosquittoProcess } from './mosquitto-process.ts'
import { startNatsProcess } from './nats-process.ts'
import { clearProductStreams } from './nats-streams.ts'
import { startPostgres } from './postgres-server.ts'
import type { SharedServerName } from './shared-server-url.ts'

interface Running {
  url: string
  /** Which way it was got, for the line that says so. */
  way: string
  stop(): Promise<void>
}

/** The servers of one test run. */
export interface SharedServers {
  /** Starts the server at the first call. */
  url(name: string): Promise<string>
  stop(): Promise<void>
}

/**
 * Each server is got in the first way that works: an external URL from the environment, a container when a Docker engine
 * answers and has or gets the image, a local process.
 */
export function createSharedServers({ say }: { say(line: string): void }): SharedServers {
  const starters: Record<SharedServerName, () => Promise<Running>> = {
    postgres: sharedPostgres,
    nats: sharedNats,
    mqtt: sharedMqtt,
  }
  const started = new Map<string, Promise<Running>>()

  return {
    async url(name) {
      const start = (starters as Record<string, (() => Promise<Running>) | undefined>)[name]
      if (start === undefined) throw new Error(`there is no shared server "${name}"`)
      let running = started.get(name)
      if (running === undefined) {
        running = start()
        started.set(name, running)
        running.then(
          ({ way }) => say(`test servers: ${name} = ${way}`),
          () => undefined,
        )
      }
      return (await running).url
    },
    async stop() {
      await Promise.allSettled([...started.values()].map(async (running) => (await running).stop()))
    },
  }
}

async function sharedPostgres(): Promise<Running> {
  const external = process.env['TEST_DATABASE_URL']
  if (external) return { url: external, way: 'TEST_DATABASE_URL', stop: async () => {} }
  const container = await (await dockerContainers())?.postgres()
  if (container) return container
  const server = await startPostgres({
    // Its databases live for one run: durability would only make every commit wait for the disk.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 400 },
  })
  return { url: server.url, way: 'embedded Postgres', stop: () => server.stop() }
}

async function sharedNats(): Promise<Running> {
  const external = process.env['TEST_NATS_URL']
  if (external) {
    await clearProductStreams(external)
    return { url: external, way: 'TEST_NATS_URL', stop: async () => {} }
  }
  const container = await (await dockerContainers())?.nats()
  if (container) return container
  const server = await startNatsProcess()
  return { url: server.url, way: 'nats-server process', stop: () => server.stop() }
}

async function sharedMqtt(): Promise<Running> {
  const external = process.env['TEST_MQTT_URL']
  if (external) return { url: external, way: 'TEST_MQTT_URL', stop: async () => {} }
  const container = await (await dockerContainers())?.mosquitto()
  if (container) return container
  if (mosquittoPath() === undefined) {
    const broker = await startAedes()
    return { url: broker.url, way: 'aedes in process (Mosquitto is not installed)', stop: () => broker.stop() }
  }
  const broker = await startMosquittoProcess()
  return { url: broker.url, way: 'mosquitto process', stop: () => broker.stop() }
}
