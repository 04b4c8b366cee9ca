import { freePort } from './free-port.ts'
import { type NatsServer, startNatsProcess } from './nats-process.ts'

/** Several nats-servers that know each other; streams can have as many replicas. */
export interface NatsCluster {
  /** Of all of them, for clients that find the next one when theirs is gone. */
  readonly url: string
  readonly servers: readonly NatsServer[]
  stop(): Promise<void>
}

/** Starts the servers; JetStream answers once they have elected a leader, some seconds later. */
export async function startNatsCluster(size = 3): Promise<NatsCluster> {
  const routePorts = await Promise.all(Array.from({ length: size }, () => freePort()))
  const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`).join(', ')
  const servers = await Promise.all(
    routePorts.map((port, index) =>
      startNatsProcess({
        config: `server_name: "server-${index + 1}"
cluster { name: "test", listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      }),
    ),
  )
  return {
    url: servers.map(({ url }) => url).join(','),
    servers,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}
