import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { v7 as newId } from 'uuid'

const STATUS_BY_CODE: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

/** Answers what is not even HTTP; there is no request yet, so the bytes are written by hand. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUS_BY_CODE[error.code ?? ''] ?? 400
  const body = JSON.stringify({
    type: '/problems/malformed-request',
    title: STATUS_CODES[status],
    status,
    detail: 'The server could not read an HTTP request from the connection.',
    errors: [],
    request_id: newId(),
  })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
