export type GrantedSubscription =
  | { readonly state: 'granted'; readonly requestedQos: number; readonly grantedQos: number }
  | { readonly state: 'refused'; readonly requestedQos: number; readonly reason: string; readonly retryAt: number }

export interface SubscriptionStep {
  readonly subscribe: { topic: string; qos: number }[]
  readonly unsubscribe: string[]
}

/**
 * What to send next so that the broker's subscriptions become the wanted ones: at most `limit` filters a packet.
 * A refused filter is asked for again only after its `retryAt`, and never in the way of its neighbours.
 */
export function nextSubscriptionStep(
  wanted: ReadonlyMap<string, number>,
  granted: ReadonlyMap<string, GrantedSubscription>,
  now: number,
  limit: number,
): SubscriptionStep {
  const subscribe: { topic: string; qos: number }[] = []
  for (const [topic, qos] of wanted) {
    const current = granted.get(topic)
    const fits =
      current?.requestedQos === qos &&
      (current.state === 'granted' || (current.state === 'refused' && current.retryAt > now))
    if (!fits) subscribe.push({ topic, qos })
    if (subscribe.length >= limit) break
  }
  const unsubscribe: string[] = []
  for (const topic of granted.keys()) {
    if (!wanted.has(topic)) unsubscribe.push(topic)
    if (unsubscribe.length >= limit) break
  }
  return { subscribe, unsubscribe }
}

/** Return codes of SUBACK: 3.1.1 section 3.9.3 (0x80) and MQTT 5 section 3.9.3. */
const SUBACK_REASONS: Record<number, string> = {
  0x80: 'refused by the broker (unspecified reason; with MQTT 3.1.1 usually missing permission)',
  0x83: 'refused by the broker (implementation specific reason)',
  0x87: 'not authorized: the broker user may not subscribe to this topic',
  0x8f: 'topic filter invalid for this broker',
  0x91: 'packet identifier in use',
  0x97: "the broker's quota is exceeded",
  0x9e: 'shared subscriptions are not supported',
  0xa1: 'subscription identifiers are not supported',
  0xa2: 'wildcard subscriptions are not supported',
}

export function subackReason(code: number): string {
  return SUBACK_REASONS[code] ?? `refused by the broker (code 0x${code.toString(16)})`
}
