/** Told by the ownership what to hold; each call is finished before the next for the same partition. */
export interface OwnershipListener {
  /** The partition is ours: connect its sockets. */
  acquired(partition: number): Promise<void>
  /** It is about to be somebody else's: once this resolves, nothing of it is connected here. */
  revoked(partition: number): Promise<void>
}

/** Which of the fixed partitions this gateway owns. */
export interface PartitionOwnership {
  /** Resolves when the first partitions have been acquired. */
  start(listener: OwnershipListener): Promise<void>
  /** Gives up every partition, one after the other. */
  stop(): Promise<void>
  /** Asked before each connect: true only while the claim is certain. */
  owns(partition: number): boolean
}
