import type { SocketConfig } from './socket-config.ts'
import { type SocketTopics, subtreeFilter } from './socket-topics.ts'
import {
  type GrantedSubscription,
  nextSubscriptionStep,
  type SubscriptionStep,
  subackReason,
} from './subscription-plan.ts'
import type { Transport } from './transport.ts'

/** Filters in one SUBSCRIBE: 10,000 filters take 26–31 ms in packets of 100 to 5,000, and some brokers cap the packet. */
const FILTERS_PER_PACKET = 100
const MAX_LEVELS = 32
/** Milliseconds after which a refused filter is asked for again: a permission may have been added. */
const REFUSED_RETRY = 60_000

export interface SubscriberOptions {
  readonly topics: SocketTopics
  readonly now: () => number
  readonly onChange: (sockets: Iterable<SocketConfig>) => void
}

/** Makes the broker's subscriptions those that the sockets want, one packet at a time, and knows how each was answered. */
export interface Subscriber {
  attach(transport: Transport): void
  /** We are closing the connection: nothing more is asked on it, and no filter is to blame for its end. */
  detach(): void
  /** The connection is gone. Unless it was detached before, what was asked for may be why. */
  closed(): void
  /** The broker has no session of ours: nothing is subscribed any more. */
  sessionLost(): void
  /** Call after the wanted topics changed. */
  reconcile(): void
  /** A message came on a topic that no socket has: a filter left over from earlier. */
  unsubscribeStray(topic: string): void
  subscription(topic: string): GrantedSubscription | null
  /** Why we closed the connection ourselves, if we did. */
  readonly closeReason: string | null
}

export function createSubscriber({ topics, now, onChange }: SubscriberOptions): Subscriber {
  const granted = new Map<string, GrantedSubscription>()
  let transport: Transport | null = null
  let busy = false
  let retryTimer: NodeJS.Timeout | undefined
  let filtersPerPacket = FILTERS_PER_PACKET
  let asking: { topic: string; qos: number }[] = []
  /** The connection closed the last time that one of these was asked for alone. */
  const suspects = new Set<string>()
  let closeReason: string | null = null

  async function reconcile(): Promise<void> {
    if (busy || !transport) return
    busy = true
    const current = transport
    try {
      while (transport === current) {
        const step = nextStep()
        // First what is to come: a filter may take the place of one that brings the same messages until then.
        if (step.subscribe.length > 0) await subscribe(current, step.subscribe)
        else if (step.unsubscribe.length > 0) await unsubscribe(current, step.unsubscribe)
        else break
      }
      if (transport === current) {
        topics.settled()
        filtersPerPacket = FILTERS_PER_PACKET
        for (const topic of suspects) if (!granted.has(topic)) suspects.delete(topic)
      }
      scheduleRetry()
    } catch (error) {
      if (transport === current) {
        closeReason = error instanceof Error ? error.message : String(error)
        current.destroy()
      }
    } finally {
      busy = false
    }
    // The connection was replaced while we waited for the old one's answer.
    if (transport && transport !== current) void reconcile()
  }

  async function subscribe(current: Transport, filters: { topic: string; qos: number }[]): Promise<void> {
    asking = filters
    const codes = await current.subscribe(filters)
    asking = []
    const affected: SocketConfig[] = []
    filters.forEach(({ topic, qos }, index) => {
      const code = codes[index] ?? 0x80
      granted.set(
        topic,
        code >= 0x80 ? refused(qos, subackReason(code)) : { state: 'granted', requestedQos: qos, grantedQos: code },
      )
      suspects.delete(topic)
      topics.answered(topic, code < 0x80)
      affected.push(...topics.subscribersOf(topic))
    })
    onChange(affected)
  }

  async function unsubscribe(current: Transport, filters: string[]): Promise<void> {
    await current.unsubscribe(filters)
    for (const topic of filters) {
      granted.delete(topic)
      topics.released(topic)
    }
  }

  const refused = (requestedQos: number, reason: string): GrantedSubscription => ({
    state: 'refused',
    requestedQos,
    reason,
    retryAt: now() + REFUSED_RETRY,
  })

  function scheduleRetry(): void {
    clearTimeout(retryTimer)
    if (![...granted.values()].some((subscription) => subscription.state === 'refused')) return
    retryTimer = setTimeout(() => void reconcile(), REFUSED_RETRY + 1_000)
    retryTimer.unref()
  }

  /** Filters that the session may hold from earlier, to be given back. */
  function leftOver(filters: Iterable<string>): boolean {
    const before = granted.size
    for (const filter of filters) {
      if (topics.wanted().has(filter) || granted.has(filter)) continue
      // No QoS that anybody wants: should the filter be wanted before it is given back, it is asked for.
      granted.set(filter, { state: 'granted', requestedQos: -1, grantedQos: 0 })
    }
    return granted.size > before
  }

  /**
   * Some brokers answer a forbidden filter by closing: find the one by asking for ever fewer at once. Brokers and networks also
   * close for reasons of their own: only the second close in a row on one filter alone counts as its refusal.
   */
  function blameWhoWasAsked(): void {
    if (asking.length > 1) filtersPerPacket = Math.ceil(asking.length / 4)
    if (asking.length !== 1) return
    const { topic, qos } = asking[0] as { topic: string; qos: number }
    if (suspects.has(topic)) {
      granted.set(topic, refused(qos, 'the broker closed the connection when asked for this topic'))
      topics.answered(topic, false)
      onChange(topics.subscribersOf(topic))
    }
    suspects.add(topic)
  }

  /** All others first, so that they have what they want; then one suspect by itself. */
  function nextStep(): SubscriptionStep {
    const wanted = topics.wanted()
    const next = nextSubscriptionStep(wanted, granted, now(), filtersPerPacket)
    if (suspects.size === 0) return next
    const unsuspected = new Map([...wanted].filter(([topic]) => !suspects.has(topic)))
    const { subscribe } = nextSubscriptionStep(unsuspected, granted, now(), filtersPerPacket)
    return { ...next, subscribe: subscribe.length > 0 ? subscribe : next.subscribe.slice(0, 1) }
  }

  function detach(): void {
    transport = null
    asking = []
    clearTimeout(retryTimer)
  }

  return {
    attach(next) {
      transport = next
      closeReason = null
      if (next.sessionPresent && granted.size === 0) leftOver([...otherFormsOf(topics), ...topics.left()])
      void reconcile()
    },
    detach,
    closed() {
      blameWhoWasAsked()
      detach()
    },
    sessionLost() {
      for (const [topic, subscription] of granted) {
        if (subscription.state === 'granted') granted.delete(topic)
      }
      topics.settled()
    },
    reconcile: () => void reconcile(),
    unsubscribeStray(topic) {
      if (leftOver([topic, ...subtreesAround(topic)])) void reconcile()
    },
    subscription: (topic) => granted.get(topic) ?? null,
    get closeReason() {
      return closeReason
    },
  }
}

/**
 * The filters that a socket would have had if it had taken its subtree, or had not: that may have changed while nobody held the
 * session, and two filters for one topic bring each message twice.
 */
function* otherFormsOf(topics: SocketTopics): Generator<string> {
  for (const { topic } of topics.sockets()) {
    yield topic
    yield subtreeFilter(topic)
  }
}

/** The subtree filters that match a topic; of a hostile one with thousands of levels, the first ones. */
function subtreesAround(topic: string): string[] {
  const levels = topic.split('/').slice(0, MAX_LEVELS)
  return levels.map((_, index) => subtreeFilter(levels.slice(0, index + 1).join('/')))
}
