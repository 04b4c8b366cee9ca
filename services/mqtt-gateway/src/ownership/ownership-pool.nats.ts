import { randomUUID } from 'node:crypto'
import type { Bus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { GATEWAY_LEASES_BUCKET, GATEWAY_MEMBERS_BUCKET } from '@iomt/contracts/buckets'
import { compileMessage } from '@iomt/contracts/compile-message'
import { GatewayMember } from '@iomt/contracts/gateway-member'
import { PartitionLease } from '@iomt/contracts/partition-lease'
import { type Clock, monotonicClock } from './clock.ts'
import { createNatsStore } from './compare-and-set-store.nats.ts'
import { BEAT_TIMEOUT, LEASE_TIMEOUT } from './lease-timing.ts'
import { createOwnershipPool, type OwnershipPoolOptions } from './ownership-pool.ts'
import type { PartitionOwnership } from './partition-ownership.ts'

export interface NatsOwnershipPoolOptions
  extends Pick<OwnershipPoolOptions, 'gateway' | 'logger' | 'figures' | 'onRebalance'> {
  readonly bus: Bus
  readonly clock?: Clock
}

/** The ownership pool of all gateways on one NATS. */
export async function createNatsOwnershipPool(options: NatsOwnershipPoolOptions): Promise<PartitionOwnership> {
  const { bus, logger, clock = monotonicClock(), ...rest } = options
  const [memberStore, leaseStore] = await Promise.all([
    createNatsStore({
      bus,
      bucket: GATEWAY_MEMBERS_BUCKET,
      schema: compileMessage(GatewayMember),
      logger,
      timeout: BEAT_TIMEOUT,
    }),
    createNatsStore({
      bus,
      bucket: GATEWAY_LEASES_BUCKET,
      schema: compileMessage(PartitionLease),
      logger,
      timeout: LEASE_TIMEOUT,
    }),
    openBucket(bus, GATEWAY_MEMBERS_BUCKET),
    openBucket(bus, GATEWAY_LEASES_BUCKET),
  ])
  return createOwnershipPool({
    ...rest,
    logger,
    members: memberStore,
    leases: leaseStore,
    clock,
    wallNow: Date.now,
    newLife: randomUUID,
  })
}
