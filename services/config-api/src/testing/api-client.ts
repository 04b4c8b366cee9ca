import type { Problem } from '@iomt/contracts/rest/problem'

/** biome-ignore lint/suspicious/noExplicitAny: tests read what they expect */
export type Body = any

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined when the body is no JSON. */
  readonly body: Body
}

export interface ApiClient {
  readonly url: string
  readonly key: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  delete(path: string, headers?: Record<string, string>): Promise<Answer>
  send(
    method: string,
    path: string,
    init?: { body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> },
  ): Promise<Answer>
  /** The same server with another key. */
  as(key: string): ApiClient
}

export function createApiClient(url: string, key: string): ApiClient {
  const send: ApiClient['send'] = async (method, path, init = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...init.headers },
      ...(init.body === undefined ? {} : { body: init.body }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: parse(text) }
  }
  const withBody =
    (method: string) =>
    (path: string, body: unknown, headers: Record<string, string> = {}) =>
      send(method, path, {
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body) ?? '',
      })
  return {
    url,
    key,
    send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    delete: (path, headers = {}) => send('DELETE', path, { headers }),
    post: withBody('POST'),
    put: withBody('PUT'),
    patch: withBody('PATCH'),
    as: (other) => createApiClient(url, other),
  }
}

/** What problem a refusal is: `409 /problems/code-taken /code`. */
export function problemOf({ status, headers, body }: Answer): string {
  const type = headers.get('content-type')
  if (!type?.startsWith('application/problem+json')) return `${status} is no problem+json but ${type}`
  const { type: problemType, errors } = body as Problem
  return [status, problemType, ...errors.map(({ pointer }) => pointer)].join(' ')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
