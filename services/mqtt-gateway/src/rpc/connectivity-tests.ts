import { randomUUID } from 'node:crypto'
import { compileMessage } from '@iomt/contracts/compile-message'
import { type TestReply, TestRequest } from '@iomt/contracts/gateway-rpc'
import type { Vault } from '@iomt/credential-vault/vault'
import { tryBroker } from '@iomt/socket-mqtt-client/broker-trial'
import type { ConnectTransport } from '@iomt/socket-mqtt-client/transport'
import { socketConfigOf } from '../sockets/socket-config-of.ts'
import { invalidRequest, rpcError } from './rpc-error.ts'

/** Each has a connection for up to 50 s. */
const MAX_AT_ONCE = 8
const PAYLOAD_BYTES_SHOWN = 4 * 1024

export interface ConnectivityTestsOptions {
  readonly gateway: string
  readonly vault: Vault
  readonly connect: ConnectTransport
}

const testRequest = compileMessage(TestRequest)

/** Answers `test`: tries a socket's configuration on a connection of its own, from this gateway's network. */
export function createConnectivityTests({ gateway, vault, connect }: ConnectivityTestsOptions) {
  let running = 0
  return async (request: unknown): Promise<TestReply> => {
    if (!testRequest.check(request)) return invalidRequest(testRequest.violations(request, 1))
    if (running >= MAX_AT_ONCE) return rpcError('too-many-tests', `${gateway} tests ${MAX_AT_ONCE} sockets already`)
    // What is switched off can be tried before it is switched on.
    const config = socketConfigOf({ ...request.state, enabled: true }, 0, vault, 0)
    if ('status' in config) return rpcError('not-connected', config.reason)
    running += 1
    try {
      const clientId = `iomt-test-${randomUUID().slice(0, 8)}`
      const { steps, message } = await tryBroker(config, { connect, clientId, patience: request.patience })
      return {
        gateway,
        steps,
        message: message && {
          topic: message.topic,
          qos: message.qos,
          retained: message.retain,
          payload_bytes: message.payloadBytes,
          payload_base64: message.payload.subarray(0, PAYLOAD_BYTES_SHOWN).toString('base64'),
        },
      }
    } finally {
      running -= 1
    }
  }
}
