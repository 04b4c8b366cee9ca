/** Latencies in milliseconds. */
export interface Latency {
  readonly samples: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** The value below which the share `fraction` of `sorted` lies (nearest rank); NaN of nothing. */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) return Number.NaN
  const rank = Math.max(1, Math.ceil(fraction * sorted.length))
  return sorted[rank - 1] as number
}

export function latencyOf(values: Iterable<number>): Latency {
  const sorted = Float64Array.from(values).sort()
  return {
    samples: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
  }
}

export const median = (values: Iterable<number>): number => percentile(Float64Array.from(values).sort(), 0.5)
