import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET, socketConfigKey } from '@iomt/contracts/buckets'
import type { StatusReply } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import { partitionRpcSubject } from '@iomt/contracts/subjects'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { readGatewayConfig } from '../config.ts'
import { createGateway, type Gateway } from '../service.ts'

/** A nats-server of the test's own and a gateway in this process; sockets are configured as config-api would. */
export interface GatewayFixture {
  readonly nats: NatsServer
  readonly bus: Bus
  gateway: Gateway
  startGateway(): Promise<void>
  configure(state: SocketDesiredState): Promise<void>
  remove(state: SocketDesiredState): Promise<void>
  status(state: SocketDesiredState): Promise<SocketStatus | null>
  untilStatus(state: SocketDesiredState, ...names: SocketStatus['status'][]): Promise<SocketStatus>
  /** All messages of a stream, parsed, oldest first. */
  messages<Message>(stream: string): Promise<Message[]>
  stop(): Promise<void>
}

const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' })

export async function createGatewayFixture(environment: NodeJS.ProcessEnv = {}): Promise<GatewayFixture> {
  const nats = await startNats()
  const directory = mkdtempSync(join(tmpdir(), 'iomt-gateway-'))
  const keyFile = join(directory, 'keys.json')
  ensureKeyFile(keyFile)
  const bus = await connectBus({ url: nats.url, name: 'test', logger })
  const config = readGatewayConfig({
    ...{ PORT: '0', NATS_URL: nats.url, CREDENTIAL_KEY_FILE: keyFile },
    // Tests fill the bucket themselves.
    CONFIG_PATIENCE_SECONDS: '0',
    ...environment,
  })
  const bucket = () => openBucket(bus, SOCKET_CONFIG_BUCKET)
  const keyOf = (state: SocketDesiredState) => socketConfigKey(partitionOf(state.pdu_id), state.socket_id)

  const fixture: GatewayFixture = {
    nats,
    bus,
    gateway: createGateway(config, logger),
    async startGateway() {
      fixture.gateway = createGateway(config, logger)
      await fixture.gateway.start()
    },
    async configure(state) {
      await (await bucket()).put(keyOf(state), JSON.stringify(state))
    },
    async remove(state) {
      await (await bucket()).delete(keyOf(state))
    },
    async status(state) {
      const subject = partitionRpcSubject(partitionOf(state.pdu_id), 'status')
      const answer = await bus.connection.request(subject, JSON.stringify({ socket_id: state.socket_id }))
      const reply = answer.json<StatusReply>()
      return 'status' in reply ? reply.status : null
    },
    untilStatus: (state, ...names) =>
      waitFor(
        async () => {
          const status = await fixture.status(state)
          return status && names.includes(status.status) && status
        },
        { what: `socket to be ${names.join(' or ')}` },
      ),
    async messages<Message>(stream: string) {
      const { state } = await bus.manager.streams.info(stream)
      const found: Message[] = []
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
        const stored = await bus.manager.streams.getMessage(stream, { seq })
        if (stored) found.push(stored.json<Message>())
      }
      return found
    },
    async stop() {
      await fixture.gateway.stop()
      await bus.close()
      await nats.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  return fixture
}
