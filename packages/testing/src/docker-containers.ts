import type { StartedTestContainer } from 'testcontainers'
import { containerImages } from './container-images.ts'
import { type DockerEngine, findDockerEngine } from './docker-engine.ts'

/** A server in a container. */
export interface RunningContainer {
  url: string
  /** For the line that says where a server comes from. */
  way: string
  stop(): Promise<void>
}

/** Starts servers in containers; undefined means that the image is not here and could not be pulled. */
export interface DockerContainers {
  postgres(): Promise<RunningContainer | undefined>
  nats(): Promise<RunningContainer | undefined>
  mosquitto(): Promise<RunningContainer | undefined>
}

/** The side container with which testcontainers removes what a killed test run left. */
const RYUK_IMAGE = 'testcontainers/ryuk:0.14.0'

let found: Promise<DockerContainers | undefined> | undefined

/** Looks for a Docker engine once a process; undefined when none answers within 1 s. */
export function dockerContainers(): Promise<DockerContainers | undefined> {
  found ??= findDockerEngine().then((engine) => (engine === undefined ? undefined : containersOn(engine)))
  return found
}

function containersOn(engine: DockerEngine): DockerContainers {
  /** Loads testcontainers only when it is used: it takes about 0.5 s. */
  const withImage = async (
    image: string,
    start: (testcontainers: typeof import('testcontainers')) => Promise<RunningContainer>,
  ): Promise<RunningContainer | undefined> => {
    if (!(await engine.hasOrPulls(image))) return undefined
    // Without ryuk the containers are still stopped at the end of the run, only not after a kill -9 of the runner.
    if (!(await engine.hasOrPulls(RYUK_IMAGE))) process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
    return start(await import('testcontainers'))
  }
  const running = (container: StartedTestContainer, image: string, url: string): RunningContainer => ({
    url,
    way: `container of ${image}`,
    stop: async () => {
      await container.stop({ timeout: 0 })
    },
  })

  return {
    postgres: () => {
      const image = containerImages().postgres
      return withImage(image, async () => {
        const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
        const container = await new PostgreSqlContainer(image)
          .withCommand(['postgres', '-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'max_connections=400'])
          .start()
        return running(container, image, container.getConnectionUri())
      })
    },
    nats: () => {
      const image = containerImages().nats
      return withImage(image, async ({ GenericContainer, Wait }) => {
        const container = await new GenericContainer(image)
          .withCopyContentToContainer([
            {
              content: 'max_payload: 8MB\nmax_pending: 64MB\njetstream { store_dir: "/tmp/jetstream" }\n',
              target: '/tmp/iomt-nats.conf',
            },
          ])
          .withCommand(['nats-server', '-c', '/tmp/iomt-nats.conf'])
          .withExposedPorts(4222)
          .withWaitStrategy(Wait.forLogMessage('Server is ready'))
          .start()
        return running(container, image, `nats://${container.getHost()}:${container.getMappedPort(4222)}`)
      })
    },
    mosquitto: () => {
      const image = containerImages().mosquitto
      return withImage(image, async ({ GenericContainer, Wait }) => {
        const container = await new GenericContainer(image)
          .withCopyContentToContainer([
            {
              content: 'listener 1883 0.0.0.0\nallow_anonymous true\nmax_queued_messages 0\n',
              target: '/tmp/iomt.conf',
            },
          ])
          .withCommand(['mosquitto', '-c', '/tmp/iomt.conf'])
          .withExposedPorts(1883)
          .withWaitStrategy(Wait.forListeningPorts())
          .start()
        return running(container, image, `mqtt://${container.getHost()}:${container.getMappedPort(1883)}`)
      })
    },
  }
}
