import { execFileSync } from 'node:child_process'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/**
 * A host of the test's own: a network namespace with one cable to this machine, on which packets can be lost. What runs in it
 * (`networkNamespace` of `startServiceProcess`) reaches this machine's servers only through {@link NetworkNamespace.expose}.
 */
export interface NetworkNamespace {
  readonly name: string
  /** This machine, as seen from inside. */
  readonly hostAddress: string
  /** The namespace, as seen from this machine. */
  readonly address: string
  /** Makes a server of this machine's loopback reachable from inside; answers its port there. */
  expose(port: number): Promise<number>
  /** Packets to and from this exposed port are dropped, without a word to either side. */
  dropPort(port: number): void
  /** The cable is pulled. */
  unplug(): void
  /** So many of the packets are lost, in each direction. */
  lose(percent: number): void
  /** Undoes all of these. */
  heal(): void
  remove(): Promise<void>
}

/** Whether this machine lets us make one (root, iproute2, iptables), for `test.skipIf(!networkNamespacesWork())`. */
export function networkNamespacesWork(): boolean {
  const name = `iomt-probe-${process.pid}`
  try {
    ip('netns', 'add', name)
    ip('netns', 'exec', name, 'iptables', '-A', 'INPUT', ...sometimes(5), '-j', 'DROP')
    return true
  } catch {
    return false
  } finally {
    quietly(() => ip('netns', 'del', name))
  }
}

let count = 0

export async function createNetworkNamespace(): Promise<NetworkNamespace> {
  count += 1
  const name = `iomt-${process.pid}-${count}`
  const [outside, inside] = [`io${process.pid}-${count}`, `ii${process.pid}-${count}`]
  // A private range of our own for each; 30-bit networks hold exactly the two ends of the cable.
  const network = `10.231.${process.pid % 250}.${(count % 60) * 4}`
  const addressOf = (offset: number) => network.replace(/\d+$/, (last) => String(Number(last) + offset))
  const [hostAddress, address] = [addressOf(1), addressOf(2)]
  const within = (...command: string[]) => ip('netns', 'exec', name, ...command)
  const proxies: TcpProxy[] = []

  ip('netns', 'add', name)
  ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name)
  ip('addr', 'add', `${hostAddress}/30`, 'dev', outside)
  ip('link', 'set', outside, 'up')
  within('ip', 'addr', 'add', `${address}/30`, 'dev', inside)
  within('ip', 'link', 'set', inside, 'up')
  within('ip', 'link', 'set', 'lo', 'up')

  return {
    name,
    hostAddress,
    address,
    async expose(port) {
      const proxy = await startTcpProxy({ targetHost: '127.0.0.1', targetPort: port, host: hostAddress })
      proxies.push(proxy)
      return proxy.port
    },
    dropPort(port) {
      within('iptables', '-A', 'OUTPUT', '-p', 'tcp', '--dport', String(port), '-j', 'DROP')
      within('iptables', '-A', 'INPUT', '-p', 'tcp', '--sport', String(port), '-j', 'DROP')
    },
    unplug: () => ip('link', 'set', outside, 'down'),
    lose(percent) {
      for (const chain of ['INPUT', 'OUTPUT']) within('iptables', '-A', chain, ...sometimes(percent), '-j', 'DROP')
    },
    heal() {
      within('iptables', '-F')
      ip('link', 'set', outside, 'up')
    },
    async remove() {
      await Promise.all(proxies.map((proxy) => proxy.close()))
      // The cable goes with its end.
      ip('netns', 'del', name)
    },
  }
}

/** Not `tc netem`: kernels of small machines come without it. */
const sometimes = (percent: number) => ['-m', 'statistic', '--mode', 'random', '--probability', String(percent / 100)]

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' })
}

function quietly(action: () => void): void {
  try {
    action()
  } catch {
    // There was nothing to undo.
  }
}
