import type { TestStep } from '@iomt/contracts/gateway-rpc'
import { MQTT_CONFIG_DEFAULTS } from '@iomt/contracts/mqtt-config'
import { connectionCredentials, connectionProfile } from './connection-profile.ts'
import type { SocketConfig } from './socket-config.ts'
import { subtreeFilter } from './socket-topics.ts'
import { subackReason } from './subscription-plan.ts'
import type { ConnectTransport, IncomingPublish, Transport } from './transport.ts'

const SUBACK_TIMEOUT = 10_000
/** Of a broker that floods us nothing more is learned. */
const MAX_MESSAGES = 10_000

export interface BrokerTrial {
  readonly steps: TestStep[]
  /** The first live message; else a retained one, if any came. */
  readonly message: IncomingPublish | null
}

export interface BrokerTrialOptions {
  readonly connect: ConnectTransport
  /** Not that of the connection which brings the readings: the broker would close that one. */
  readonly clientId: string
  /** Milliseconds to wait for a message; 0: the last step is not taken. */
  readonly patience: number
}

/**
 * Connects as the socket would, in a clean session of its own, subscribes to its topic and waits for a live message; then
 * leaves. What it is sent is acknowledged and stored nowhere, and the socket's own session and its queue stay as they are.
 * Never throws.
 */
export async function tryBroker(
  config: SocketConfig,
  { connect, clientId, patience }: BrokerTrialOptions,
): Promise<BrokerTrial> {
  const filter = config.subtree ? subtreeFilter(config.topic) : config.topic
  const listener = createListener()
  const { steps, take } = createSteps()

  const profile = { ...connectionProfile(config), clientId, cleanSession: true }
  const transport = await take('connect', profile, async () => {
    const options = { cleanSession: true, signal: new AbortController().signal }
    const established = await connect(profile, connectionCredentials(config), listener.handlers, options)
    listener.opened(established)
    return [established, `connected to ${profile.host}:${profile.port}${profile.tls ? ' over TLS' : ''}`]
  })
  const granted = await take('subscribe', transport, async (established) => {
    const { qos = MQTT_CONFIG_DEFAULTS.qos } = config.mqtt_config
    const answer = Promise.race([established.subscribe([{ topic: filter, qos }]), listener.closed])
    const [code = 0x80] = await within(SUBACK_TIMEOUT, answer, () => `no SUBACK within ${SUBACK_TIMEOUT / 1_000} s`)
    if (code >= 0x80) throw new Error(`${filter}: ${subackReason(code)}`)
    return [{ qos: code }, `${filter} at QoS ${code}${code < qos ? `, asked for ${qos}` : ''}`]
  })
  await take('data', patience > 0 ? granted : null, async () => {
    const { topic, payloadBytes } = await within(patience, Promise.race([listener.live, listener.closed]), () => {
      const nothing = `nothing came on ${filter} within ${patience / 1_000} s`
      return listener.message()?.retain ? `${nothing} but a retained message, which may be old` : nothing
    })
    return [true, `${payloadBytes} bytes on ${topic}`]
  })
  await transport?.disconnect()
  return { steps, message: listener.message() }
}

/** Takes steps until one fails: the next needs what it would have given. */
function createSteps() {
  const steps: TestStep[] = []
  return {
    steps,
    async take<Needed, Result>(
      step: TestStep['step'],
      needed: Needed | null,
      work: (needed: Needed) => Promise<[result: Result, detail: string]>,
    ): Promise<Result | null> {
      if (needed === null) {
        const failed = steps.find(({ state }) => state === 'failed')
        const detail = failed ? `${failed.step} comes first` : 'not asked for'
        steps.push({ step, state: 'skipped', milliseconds: null, detail })
        return null
      }
      const since = performance.now()
      const note = (state: TestStep['state'], detail: string) =>
        steps.push({ step, state, milliseconds: Math.round(performance.now() - since), detail })
      try {
        const [result, detail] = await work(needed)
        note('ok', detail)
        return result
      } catch (error) {
        note('failed', error instanceof Error ? error.message : String(error))
        return null
      }
    },
  }
}

/** Takes in everything; keeps the first live message and the first retained one. */
function createListener() {
  const live = Promise.withResolvers<IncomingPublish>()
  const closed = Promise.withResolvers<never>()
  // Nobody waits for it between two steps.
  closed.promise.catch(() => undefined)
  let first: IncomingPublish | null = null
  let retained: IncomingPublish | null = null
  let transport: Transport | null = null
  let messages = 0
  return {
    live: live.promise,
    /** Rejects with the reason when the connection is gone. */
    closed: closed.promise,
    message: () => first ?? retained,
    opened(established: Transport) {
      transport = established
    },
    handlers: {
      onPublish(message: IncomingPublish, next: () => void) {
        const { packetId, qos, retain } = message
        messages += 1
        if (messages > MAX_MESSAGES) {
          closed.reject(new Error(`more than ${MAX_MESSAGES} messages came, and not one of them was live`))
          transport?.destroy()
          return
        }
        if (qos > 0 && packetId !== undefined) transport?.acknowledge([{ packetId, qos: qos as 1 | 2 }])
        if (retain) {
          retained ??= message
        } else {
          first ??= message
          live.resolve(first)
        }
        next()
      },
      onClose(reason: string) {
        closed.reject(new Error(reason))
      },
    },
  }
}

async function within<Result>(milliseconds: number, awaited: Promise<Result>, reason: () => string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(reason())), milliseconds)
  })
  try {
    return await Promise.race([awaited, late])
  } finally {
    clearTimeout(timer)
  }
}
