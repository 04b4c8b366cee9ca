import type { RpcErrorCode } from '@iomt/contracts/gateway-rpc'
import type { RefusalReason } from '../changes/refusal.ts'

/** By the gateway's error: a socket that it does not know yet will be known in a moment. */
export const GATEWAY_REFUSALS: Readonly<Record<RpcErrorCode, RefusalReason>> = {
  'invalid-request': 'invalid-request',
  'unknown-socket': 'gateway-unavailable',
  'not-connected': 'socket-not-connected',
  'publish-failed': 'publish-failed',
  'publish-unconfirmed': 'publish-unconfirmed',
  'too-many-tests': 'too-many-tests',
}
