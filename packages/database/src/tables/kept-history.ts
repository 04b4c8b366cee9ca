/** A table of which retention has dropped rows. */
export interface KeptHistoryTable {
  table_name: string
  /** What is older may be gone. */
  since: Date
}
