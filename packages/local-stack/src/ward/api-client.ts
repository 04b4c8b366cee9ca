import { setTimeout as sleep } from 'node:timers/promises'

/** What the API answered instead of success. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface ApiClient {
  post<Resource>(path: string, body: object): Promise<Resource>
  patch<Resource>(path: string, body: object): Promise<Resource>
  /** All items of a list, over its pages. */
  list<Resource>(path: string, filters?: Readonly<Record<string, string>>): Promise<Resource[]>
}

const ATTEMPTS = 30

/** A client of config-api that waits out rate limits and short outages. */
export function createApiClient(url: string, key: string): ApiClient {
  async function request<Body>(method: string, path: string, body?: object): Promise<Body> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(10_000),
      }).catch((error: unknown) => {
        if (attempt >= ATTEMPTS) throw error
        return null
      })
      const busy = response === null || response.status === 429 || response.status >= 500
      if (response && !busy) return await readAnswer<Body>(response, `${method} ${path}`)
      if (response && attempt >= ATTEMPTS) return await readAnswer<Body>(response, `${method} ${path}`)
      const seconds = Number(response?.headers.get('retry-after') ?? 0)
      await response?.body?.cancel()
      await sleep(seconds > 0 ? Math.min(10, seconds) * 1_000 : 500)
    }
  }

  return {
    post: (path, body) => request('POST', path, body),
    patch: (path, body) => request('PATCH', path, body),
    async list<Resource>(path: string, filters: Readonly<Record<string, string>> = {}) {
      const items: Resource[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const query = new URLSearchParams({ ...filters, limit: '500', ...(cursor ? { cursor } : {}) })
        const page: { items: Resource[]; next_cursor: string | null } = await request('GET', `${path}?${query}`)
        items.push(...page.items)
        cursor = page.next_cursor
      }
      return items
    },
  }
}

async function readAnswer<Body>(response: Response, what: string): Promise<Body> {
  const text = await response.text()
  if (!response.ok) throw new ApiError(response.status, `${what} answered ${response.status}: ${text.slice(0, 500)}`)
  return (text ? JSON.parse(text) : undefined) as Body
}
