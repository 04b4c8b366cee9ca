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
  /**
   * Names the time during which nobody else can own what we own; null while others may have taken it, because we could not prove
   * that we live. Once it is over it does not come back: the next one has another name.
   */
  life(): string | null
  /**
   * Whether that life still holds, by proof and not by our clock, which stands still while a virtual machine is paused: true only after
   * an answer to a beat that was sent after the call. False as soon as it is over.
   */
  confirm(life: string): Promise<boolean>
  /** The epoch of our tenure, or null where {@link owns} is false. Grows by one with each owner. */
  epoch(partition: number): number | null
}
