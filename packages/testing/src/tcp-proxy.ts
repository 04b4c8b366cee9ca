import { connect, createServer, type Socket } from 'node:net'

/** Where a proxy forwards to. */
export interface TcpProxyOptions {
  targetHost: string
  targetPort: number
  /** Address to listen on; default 127.0.0.1. */
  host?: string
  /** Port to listen on; default any free one. */
  port?: number
}

/** A TCP proxy whose network can be broken on purpose. */
export interface TcpProxy {
  readonly port: number
  /** Number of clients connected now. */
  readonly connections: number
  /** The peer is gone: resets all connections, and resets new ones at once. */
  cut(): void
  /** The network swallows packets: connections stay open and are accepted, nothing is forwarded in either direction. */
  blackhole(): void
  /** Forwards again. What was held back in a black hole is forwarded late, as TCP would retransmit it. */
  heal(): void
  close(): Promise<void>
}

interface Pair {
  client: Socket
  /** Absent while a client that came during a black hole waits for healing. */
  target?: Socket
}

/** Starts a proxy in front of a server. */
export async function startTcpProxy({
  targetHost,
  targetPort,
  host = '127.0.0.1',
  port = 0,
}: TcpProxyOptions): Promise<TcpProxy> {
  let mode: 'forward' | 'cut' | 'blackhole' = 'forward'
  const pairs = new Set<Pair>()

  const drop = (pair: Pair) => {
    pairs.delete(pair)
    pair.client.destroy()
    pair.target?.destroy()
  }

  const forward = (pair: Pair) => {
    const target = connect({ host: targetHost, port: targetPort, noDelay: true })
    pair.target = target
    target.on('error', () => drop(pair))
    target.on('close', () => drop(pair))
    pair.client.pipe(target)
    target.pipe(pair.client)
  }

  const server = createServer({ noDelay: true }, (client) => {
    if (mode === 'cut') {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const pair: Pair = { client }
    pairs.add(pair)
    client.on('error', () => drop(pair))
    client.on('close', () => drop(pair))
    // Without a reader the client's data stays in the kernel, exactly as when nothing is forwarded.
    if (mode === 'forward') forward(pair)
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()

  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    get connections() {
      return pairs.size
    },
    cut() {
      mode = 'cut'
      for (const pair of pairs) {
        pair.client.resetAndDestroy()
        drop(pair)
      }
    },
    blackhole() {
      mode = 'blackhole'
      for (const { client, target } of pairs) {
        if (target === undefined) continue
        client.unpipe(target).pause()
        target.unpipe(client).pause()
      }
    },
    heal() {
      if (mode === 'forward') return
      mode = 'forward'
      for (const pair of pairs) {
        if (pair.target === undefined) {
          forward(pair)
          continue
        }
        pair.client.pipe(pair.target)
        pair.target.pipe(pair.client)
      }
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const pair of pairs) drop(pair)
      await closed
    },
  }
}
