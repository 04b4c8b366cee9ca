import { PARTITION_COUNT } from '@iomt/contracts/partitions'
import type { OwnershipListener, PartitionOwnership } from './partition-ownership.ts'

/** The ownership of a pool of one: every partition, from start to stop. */
export function ownsEverything(): PartitionOwnership {
  const owned = new Set<number>()
  let listener: OwnershipListener | null = null
  return {
    async start(newListener) {
      listener = newListener
      for (let partition = 0; partition < PARTITION_COUNT; partition += 1) {
        owned.add(partition)
        await newListener.acquired(partition)
      }
    },
    async stop() {
      for (const partition of owned) {
        owned.delete(partition)
        await listener?.revoked(partition)
      }
    },
    owns: (partition) => owned.has(partition),
  }
}
