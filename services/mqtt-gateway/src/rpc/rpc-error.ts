import type { RpcError, RpcErrorCode } from '@iomt/contracts/gateway-rpc'

export const rpcError = (code: RpcErrorCode, detail: string): RpcError => ({ error: { code, detail } })

/** None: the request is not JSON at all. */
export function invalidRequest(violations: readonly { pointer: string; detail: string }[]): RpcError {
  const text = violations.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join('; ')
  return rpcError('invalid-request', text || 'the request is not JSON')
}
