import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findDockerEngine } from './docker-engine.ts'

/** Speaks the few calls of the Docker Engine API that matter here; a real engine is not on every machine. */
let engine: Server
let address: string
beforeAll(async () => {
  engine = createServer((request, response) => {
    const path = request.url ?? ''
    if (path === '/_ping') response.end('OK')
    else if (path === '/images/postgres%3A18/json') response.end('{}')
    else if (path.startsWith('/images/create?fromImage=nats')) response.end('{"status":"Pulling from library/nats"}\n')
    else if (path.startsWith('/images/create')) {
      response.end('{"status":"Pulling"}\n{"errorDetail":{"message":"no route to host"},"error":"no route to host"}\n')
    } else response.writeHead(404).end('{"message":"No such image"}')
  })
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve))
  address = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`
})
afterAll(() => {
  engine.closeAllConnections()
  engine.close()
})

test('an image that is here, one that can be pulled, and one that cannot', async () => {
  const found = await findDockerEngine(address)
  expect(await found?.hasOrPulls('postgres:18')).toBe(true)
  expect(await found?.hasOrPulls('nats:2.12')).toBe(true)
  expect(await found?.hasOrPulls('eclipse-mosquitto:2')).toBe(false)
})

test('no engine is found quickly', async () => {
  const start = performance.now()
  expect(await findDockerEngine('unix:///nonexistent/docker.sock')).toBeUndefined()
  expect(await findDockerEngine('tcp://127.0.0.1:9')).toBeUndefined()
  expect(performance.now() - start).toBeLessThan(2_000)
})
