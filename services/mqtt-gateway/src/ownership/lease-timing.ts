/**
 * Milliseconds; the safety of the pool is in their order. A member stops FENCE_AFTER after the sending of its last
 * acknowledged beat, others call it dead DEAD_AFTER after they saw that beat, which is later: the second between is for closing its
 * MQTT connections, and for clocks that run at different speeds.
 */
export const FENCE_AFTER = 2_000
export const DEAD_AFTER = 3_000
/** Between two proofs of life. */
export const BEAT = 1_000
/** A member is given partitions of others only after it lived for so long: a process that dies at start moves nothing. */
export const PROVEN_AFTER = 1_000
/** Between two looks at deadlines; everything else is decided when something happens. */
export const TICK = 200
/** Between two tries of what failed. */
export const RETRY = 100
/** Whoever does not answer a write of a beat in this time gets another one: three of them fit before the fence. */
export const BEAT_TIMEOUT = 500
export const LEASE_TIMEOUT = 1_000
/** Between complete listings, in case a watch has lost an event. */
export const RELIST = 10_000
