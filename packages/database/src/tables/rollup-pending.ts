import type { Generated } from 'kysely'

/** A minute in which sockets got readings that are not rolled up yet; deleted by the transaction that rolls them up. */
export interface RollupPendingTable {
  /** Start of the minute of `measured_at`. */
  bucket: Date
  recorded_at: Generated<Date>
  /** Earliest `timestamp` of those readings: retention leaves the partitions from there on. */
  received_from: Generated<Date>
  id: Generated<string>
  socket_ids: string[]
}
