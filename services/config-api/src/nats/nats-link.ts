import { type Bus, type BusOptions, connectBus } from '@iomt/bus/connect'

/** NATS as this service sees it: it may come at any time and go again, and configuration is served meanwhile. */
export interface NatsLink {
  /** Begins to connect, and never gives up. `onUp` runs after every connect and reconnect. */
  start(onUp: () => void): void
  /** Null while NATS cannot be reached: callers say so at once instead of waiting for a timeout. */
  bus(): Bus | null
  stop(): Promise<void>
}

/** `signal` says that the service is to stop, some time before the link is. */
export function createNatsLink(options: Omit<BusOptions, 'name'> & { readonly signal: AbortSignal }): NatsLink {
  const { logger, signal } = options
  let bus: Bus | null = null
  let up = false
  let connecting: Promise<void> = Promise.resolve()

  async function connect(onUp: () => void): Promise<void> {
    const connected = await connectBus({ ...options, name: 'config-api' })
    bus = connected
    up = true
    follow(connected, onUp).catch((error: unknown) => logger.error({ err: error }, 'NATS status watch ended'))
    onUp()
  }

  async function follow({ connection }: Bus, onUp: () => void): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') up = false
      if (type === 'reconnect') {
        up = true
        onUp()
      }
    }
  }

  return {
    start(onUp) {
      connecting = connect(onUp).catch((error: unknown) => {
        if (!signal.aborted) logger.error({ err: error }, 'connecting to NATS ended')
      })
    },
    bus: () => (up ? bus : null),
    async stop() {
      await connecting
      await bus?.close()
    },
  }
}
