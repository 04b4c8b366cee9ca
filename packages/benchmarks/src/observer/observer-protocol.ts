import type { Latency } from '../measure/percentiles.ts'

/** What the benchmark tells the process that listens on NATS like a hospital system. */
export type ObserverCommand =
  | { readonly kind: 'subscribe'; readonly url: string; readonly subjects: readonly string[] }
  /** Forget what was seen and begin. */
  | { readonly kind: 'observe' }
  | { readonly kind: 'report' }

export type ObserverAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'observing' }
  /** From the publisher's clock in the payload to the delivery here. */
  | { readonly kind: 'latency'; readonly latency: Latency }
