import { createServer } from 'node:http'
import type { TestProject } from 'vitest/node'
import { createSharedServers } from './shared-servers.ts'

/**
 * Runs once in vitest's main process: offers the run's shared servers to test workers over HTTP on 127.0.0.1, so that a
 * server is started only when a test asks for it, and stops them at the end.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = createSharedServers({ say: (line) => console.log(line) })
  const desk = createServer((request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    servers.url((request.url ?? '').slice(1)).then(
      (url) => answer(200, { url }),
      (error: unknown) => answer(500, { error: error instanceof Error ? error.message : String(error) }),
    )
  })
  await new Promise<void>((resolve, reject) => {
    desk.once('error', reject)
    desk.listen(0, '127.0.0.1', resolve)
  })
  const address = desk.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address for the shared test servers')
  project.provide('iomtSharedServers', `http://127.0.0.1:${address.port}`)

  return async () => {
    desk.closeAllConnections()
    desk.close()
    await servers.stop()
  }
}
