/** What the benchmark tells its load generator, a process of its own. */
export type LoadCommand =
  | {
      readonly kind: 'connect'
      readonly host: string
      readonly port: number
      /** Topics of each connection, such as the sockets of one PDU. */
      readonly connections: readonly (readonly string[])[]
    }
  | {
      readonly kind: 'publish'
      /** Messages a second; null: as many as `limit` and `window` allow. */
      readonly rate: number | null
      /** Messages in all since the process started, after which it waits for a higher limit. */
      readonly limit: number
      /** Messages of one connection that the broker has not acknowledged. */
      readonly window: number
      /** Milliseconds over which what the limit allows is spread, without a rate. Default: at once. */
      readonly spread?: number
    }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'stop' }

export interface LoadProgress {
  readonly kind: 'progress'
  /** Since the process started. */
  readonly published: number
  readonly acknowledged: number
}

/** Answer to `stop`: everything published has been acknowledged by the broker. */
export interface LoadFinished {
  readonly kind: 'finished'
  readonly published: number
  /** Readings that each connection's sockets have published so far, each of them the same number. */
  readonly writtenBySocket: readonly number[]
  /** Most messages that were due at a moment and not sent, because of a full window or a late timer. */
  readonly mostOverdue: number
}

export type LoadAnswer =
  | { readonly kind: 'connected' }
  | LoadProgress
  | LoadFinished
  | { readonly kind: 'failed'; readonly reason: string }
