import type { GatewayMember } from '@iomt/contracts/gateway-member'
import type { PartitionLease } from '@iomt/contracts/partition-lease'
import { pino } from 'pino'
import { pause } from '../clock.ts'
import { createInMemoryStore } from '../compare-and-set-store.in-memory.ts'
import { BEAT_TIMEOUT, LEASE_TIMEOUT } from '../lease-timing.ts'
import { createOwnershipPool } from '../ownership-pool.ts'
import type { PartitionOwnership } from '../partition-ownership.ts'
import { createPlacement } from '../rendezvous.ts'
import { createSimulatedLink, type NetworkWeather, type SimulatedLink } from './simulated-network.ts'
import { createSimulatedTime, type SimulatedProcess } from './simulated-time.ts'

export interface SimulatedMember {
  readonly gateway: string
  readonly process: SimulatedProcess
  readonly link: SimulatedLink
  readonly ownership: PartitionOwnership
  /** Partitions whose sockets are connected here. */
  readonly connected: Set<number>
  state: 'starting' | 'running' | 'refused' | 'stopping' | 'stopped'
}

/** A handover's slowest closing of MQTT connections in the simulation; less than the second between fence and death. */
const SLOWEST_CLOSING = 400

/** A pool in simulated time that stops at the first instant at which an invariant is broken. */
export function createSimulatedPool(options: { seed: number; partitions: number }) {
  const { partitions } = options
  const time = createSimulatedTime(options.seed)
  const weather: NetworkWeather = { loss: 0, slow: 0 }
  const memberStore = createInMemoryStore<GatewayMember>()
  const leaseStore = createInMemoryStore<PartitionLease>()
  const logger = pino({ level: 'silent' })
  const members: SimulatedMember[] = []
  const lastEpochs = new Map<number, number>()
  const violations: string[] = []
  let lives = 0
  let acquisitions = 0
  let epochsKept = true
  let wallOffset = 0

  const violated = (what: string) => violations.push(`at ${Math.round(time.now())} ms: ${what}`)

  function start(gateway: string): SimulatedMember {
    const process = time.createProcess()
    const link = createSimulatedLink(time, process, weather)
    const connected = new Set<number>()
    const ownership = createOwnershipPool({
      gateway,
      members: link.through(memberStore, BEAT_TIMEOUT),
      leases: link.through(leaseStore, LEASE_TIMEOUT),
      clock: process.clock,
      wallNow: () => 1_700_000_000_000 + time.now() + wallOffset,
      newLife: () => {
        lives += 1
        return `life-${lives}`
      },
      logger,
      partitions,
      onRebalance({ partition, epoch }) {
        acquisitions += 1
        const last = lastEpochs.get(partition) ?? 0
        if (epochsKept && epoch <= last) violated(`${gateway} acts on epoch ${epoch} of ${partition} after ${last}`)
        lastEpochs.set(partition, epoch)
        for (const other of members) {
          // Who was frozen cannot have let go in time; the broker's takeover is for that.
          const excused = other.process.frozen || time.now() - other.process.resumedAt <= SLOWEST_CLOSING + 50
          if (other.connected.has(partition) && other.process.alive && other !== member && !excused)
            violated(`${gateway} acquired ${partition} while ${other.gateway} was connected`)
        }
      },
    })
    const member: SimulatedMember = { gateway, process, link, ownership, connected, state: 'starting' }
    members.push(member)
    const listener = {
      async acquired(partition: number) {
        connected.add(partition)
        await pause(process.clock, time.random() * 20)
      },
      async revoked(partition: number) {
        await pause(process.clock, time.random() * SLOWEST_CLOSING)
        connected.delete(partition)
      },
    }
    ownership.start(listener).then(
      () => {
        if (member.state === 'starting') member.state = 'running'
      },
      () => {
        if (member.state === 'starting') member.state = 'refused'
      },
    )
    return member
  }

  function stop(member: SimulatedMember): void {
    if (member.state !== 'running' || !member.process.alive) return
    member.state = 'stopping'
    member.process.deliver(0, () => {
      void member.ownership.stop().then(() => {
        member.state = 'stopped'
        if (member.connected.size > 0) violated(`${member.gateway} stopped and is still connected`)
      })
    })
  }

  function ownersOf(partition: number): SimulatedMember[] {
    return members.filter(({ process, ownership }) => process.alive && ownership.owns(partition))
  }

  function check(): void {
    for (let partition = 0; partition < partitions; partition += 1) {
      const owners = ownersOf(partition)
      if (owners.length > 1) violated(`${partition} is owned by ${owners.map(({ gateway }) => gateway).join(' and ')}`)
    }
    if (violations.length > 0) throw new Error(violations.join('\n'))
  }

  return {
    time,
    weather,
    members,
    memberStore,
    start,
    stop,
    loseLeases() {
      epochsKept = false
      leaseStore.lose()
    },
    jumpWallClock(milliseconds: number) {
      wallOffset += milliseconds
    },
    run: (milliseconds: number) => time.runUntil(time.now() + milliseconds, check),
    running: () => members.filter(({ process, state }) => process.alive && state === 'running'),
    get acquisitions() {
      return acquisitions
    },
    /** What is wrong with the placement in a pool where nothing has happened for a while. */
    unsettled(): string[] {
      const running = members.filter(({ process, state }) => process.alive && state === 'running')
      const wrong: string[] = []
      const placed = createPlacement(running.map(({ gateway }) => gateway))
      for (const { gateway, state, process } of members)
        if (process.alive && (state === 'starting' || state === 'stopping')) wrong.push(`${gateway} is still ${state}`)
      for (let partition = 0; partition < partitions; partition += 1) {
        const owners = ownersOf(partition)
        const owner = owners[0]
        if (running.length > 0 && owner?.gateway !== placed(partition))
          wrong.push(`${partition} is owned by ${owner?.gateway ?? 'nobody'} instead of ${placed(partition)}`)
        else if (owner && !owner.connected.has(partition)) wrong.push(`${partition} is owned and not connected`)
      }
      return wrong
    },
  }
}
