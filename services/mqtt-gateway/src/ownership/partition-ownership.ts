/** Told by the ownership what to hold; each call is finished before the next for the same partition. */
export interface OwnershipListener {
  /** The partition is ours: connect its sockets. */
  acquired(partition: number): Promise<void>
  /**
   * It is about to be somebody else's: once this resolves, nothing of it is connected here. `fence`: without proof of life others
   * take it one second from now, so nothing may be waited for; `handover`: they wait for us.
   */
  revoked(partition: number, reason: RevocationReason): Promise<void>
}

export type RevocationReason = 'handover' | 'fence'

/** Which of the fixed partitions this gateway owns. */
export interface PartitionOwnership {
  /** Resolves when the first partitions have been acquired. */
  start(listener: OwnershipListener): Promise<void>
  /** Gives up every partition, one after the other. */
  stop(): Promise<void>
  /** Asked before each connect: true only while the claim is certain. */
  owns(partition: number): boolean
  /** False while others may have taken what was ours, because we could not prove that we live; true means nobody has. */
  certain(): boolean
  /** The epoch of our tenure, or null where {@link owns} is false. Grows by one with each owner. */
  epoch(partition: number): number | null
}
