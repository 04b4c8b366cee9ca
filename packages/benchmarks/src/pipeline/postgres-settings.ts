/**
 * Postgres for everything that is measured, product and peers alike. Its own defaults are for a machine of the last
 * century: with 1 GB of WAL between checkpoints a run of a minute measures checkpoints.
 */
export const POSTGRES_SETTINGS = {
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  // When a row became visible, from outside the writer.
  track_commit_timestamp: 'on',
  track_wal_io_timing: 'on',
} as const
