import type { Metric } from './payload.ts'

/** What a BIRTH says of a metric, which DATA messages then leave out. */
export interface BornMetric {
  readonly name: string
  readonly datatype: number | null
  readonly unit: string | null
}

interface Birth {
  readonly byAlias: ReadonlyMap<number, BornMetric>
  readonly byName: ReadonlyMap<string, BornMetric>
}

/** The certificates of the edge nodes and devices that a socket hears of. */
export interface SparkplugBirths {
  /** `device` null: the edge node itself. */
  record(node: string, device: string | null, metrics: readonly Metric[]): void
  /** The metric that a DATA message means; aliases are unique in an edge node. Null: not born, as far as we know. */
  find(node: string, device: string | null, metric: Metric): BornMetric | null
  /** Metrics in the birth, or null when none has been seen. */
  size(node: string, device: string | null): number | null
  forget(node: string, device: string | null): void
}

const BIRTHS_KEPT = 64

export function createSparkplugBirths(): SparkplugBirths {
  const births = new Map<string, Birth>()
  const key = (node: string, device: string | null) => (device === null ? node : `${node}/${device}`)

  return {
    record(node, device, metrics) {
      // What was born first goes first; no socket hears of so many.
      if (births.size >= BIRTHS_KEPT) births.delete(births.keys().next().value as string)
      const byAlias = new Map<number, BornMetric>()
      const byName = new Map<string, BornMetric>()
      for (const { name, alias, datatype, unit } of metrics) {
        if (name === null) continue
        const born = { name, datatype, unit }
        byName.set(name, born)
        if (alias !== null) byAlias.set(alias, born)
      }
      births.set(key(node, device), { byAlias, byName })
    },
    find(node, device, { name, alias }) {
      const own = births.get(key(node, device))
      if (name !== null) return own?.byName.get(name) ?? null
      if (alias === null) return null
      return own?.byAlias.get(alias) ?? births.get(node)?.byAlias.get(alias) ?? null
    },
    size: (node, device) => births.get(key(node, device))?.byName.size ?? null,
    forget(node, device) {
      births.delete(key(node, device))
      if (device !== null) return
      for (const known of births.keys()) if (known.startsWith(`${node}/`)) births.delete(known)
    },
  }
}
