import type { StreamDefinition } from '@iomt/contracts/streams'
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { readWholeMessages } from './whole-messages.ts'

export type StreamLimits = Readonly<Record<string, Partial<Pick<StreamDefinition, 'maxAge' | 'maxBytes'>>>>

/** A connection to NATS with JetStream that comes back by itself for as long as the process lives. */
export interface Bus {
  readonly connection: NatsConnection
  readonly jetstream: JetStreamClient
  readonly manager: JetStreamManager
  /** On how many servers of a cluster what this process makes is to be stored. */
  readonly replicas: number
  /** Of streams that this process makes, by name; what is left out comes from their definitions. */
  readonly streamLimits: StreamLimits
  /** {@link BusOptions.signal} */
  readonly stopping: AbortSignal | undefined
  /** Sends what is buffered and closes; never throws. */
  close(): Promise<void>
}

export interface BusOptions {
  /** `nats://[user:password@]host:port`, several with commas. */
  readonly url: string
  /** Connection name that `nats server report connections` shows. */
  readonly name: string
  readonly logger: Logger
  /** See {@link Bus.replicas}; default 1. */
  readonly replicas?: number
  /** See {@link Bus.streamLimits}; default none. */
  readonly streamLimits?: StreamLimits
  /** Of a process that is to stop: ends the waiting for a first connection, and for what a cluster does not find. */
  readonly signal?: AbortSignal
}

/**
 * Connects to NATS, waiting as long as it takes; afterwards the client reconnects for ever (its default of 10 attempts
 * would close it for good).
 *
 * @throws the signal's reason when it aborts first.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const { url, name, logger, replicas = 1, streamLimits = {}, signal } = options
  const servers = url.split(',').map((server) => server.trim())
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    try {
      const connection = await connect({
        servers,
        ...credentialsOf(servers[0] as string),
        name,
        maxReconnectAttempts: -1,
        // Of a server that restarts, or of us after a freeze; the second refusal would close the connection for good.
        ignoreAuthErrorAbort: true,
        reconnectTimeWait: 250,
        reconnectJitter: 250,
        pingInterval: 5_000,
        maxPingOut: 2,
        // Every publish makes an error object for its stack otherwise: measured 39 % of its CPU.
        noAsyncTraces: true,
      })
      readWholeMessages(connection)
      reportConnection(connection, logger)
      const manager = await waitForJetStream(connection, logger, signal)
      return {
        connection,
        jetstream: jetstream(connection),
        manager,
        replicas,
        streamLimits,
        stopping: signal,
        close: () => closeConnection(connection),
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (attempt === 1 || attempt % 30 === 0) {
        logger.warn({ attempt, reason: messageOf(error) }, 'NATS does not answer; trying again')
      }
      await pause(Math.min(1_000, 100 * attempt), signal)
    }
  }
}

/** The client takes user and password only as options, people write them into the URL. */
function credentialsOf(server: string): { user?: string; pass?: string } {
  if (!URL.canParse(server)) return {}
  const { username, password } = new URL(server)
  return username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}
}

function reportConnection(connection: NatsConnection, logger: Logger): void {
  const watch = async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') logger.warn('NATS connection lost; reconnecting')
      else if (status.type === 'reconnect') logger.info('NATS connection is back')
      else if (status.type === 'error') logger.warn({ reason: messageOf(status.error) }, 'NATS reports an error')
    }
  }
  watch().catch((error: unknown) => logger.error({ err: error }, 'NATS status watch ended'))
}

/** A server that has just started answers connections before JetStream has recovered its streams. */
async function waitForJetStream(
  connection: NatsConnection,
  logger: Logger,
  signal: AbortSignal | undefined,
): Promise<JetStreamManager> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await jetstreamManager(connection)
    } catch (error) {
      if (signal?.aborted || connection.isClosed()) {
        await closeConnection(connection)
        throw error
      }
      if (attempt % 20 === 1) logger.warn({ reason: messageOf(error) }, 'JetStream does not answer; trying again')
      await pause(250, signal)
    }
  }
}

async function closeConnection(connection: NatsConnection): Promise<void> {
  // drain() needs the server; without it, closing at once loses nothing that could still be sent.
  const draining = connection.drain().catch(() => undefined)
  await Promise.race([draining, pause(2_000)])
  await connection.close().catch(() => undefined)
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done, { once: true })
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
