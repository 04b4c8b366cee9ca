import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceProcess } from '@iomt/testing/service-process'
import type { TcpProxy } from '@iomt/testing/tcp-proxy'
import type { PoolFault } from './pool-run.ts'

/** The lease time of the pool in milliseconds: a gateway that shows no life for so long is taken to be dead. */
const LEASE = 3_000

export const crash = (index: number): PoolFault => ({
  name: 'kill -9',
  async inject({ gateways }) {
    await (gateways[index] as ServiceProcess).kill9()
  },
})

export const startAgain = (index: number): PoolFault => ({
  name: 'start again (join)',
  async inject({ gateways }) {
    await (gateways[index] as ServiceProcess).restart()
  },
})

export const drain = (index: number): PoolFault => ({
  name: 'SIGTERM (drain)',
  async inject({ gateways }) {
    await (gateways[index] as ServiceProcess).terminate()
  },
})

/** Longer than three leases; a blocked event loop looks the same to everybody else. */
export const freeze = (index: number, leases = 3): PoolFault => ({
  name: leases >= 1 ? `SIGSTOP for ${leases.toFixed(1)} leases` : `blocked for ${Math.round(LEASE * leases)} ms`,
  async inject({ gateways }) {
    const gateway = gateways[index] as ServiceProcess
    gateway.freeze()
    await pause(LEASE * leases)
    gateway.resume()
  },
})

export const cutFromNats = (proxy: () => TcpProxy, milliseconds = 3 * LEASE): PoolFault => ({
  name: 'cut from NATS only',
  async inject() {
    proxy().blackhole()
    await pause(milliseconds)
    proxy().heal()
  },
})

/** A gateway that was never there before. */
export const oneMore: PoolFault = {
  name: 'one more (join)',
  async inject(pipeline) {
    await pipeline.addGateway()
  },
}

export const killNats: PoolFault = {
  name: 'kill -9 nats-server',
  async inject({ nats }) {
    await nats.kill9()
    await nats.restart()
  },
}
