import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '@iomt/testing/free-port'
import { spawnGuarded } from '@iomt/testing/guarded-process'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import { waitFor } from '@iomt/testing/wait-for'
import { withStarted } from '../measure/start-together.ts'
import type { StartPeer } from './measure-peer.ts'
import { type NodeRedFlow, nodeRedFlows } from './node-red-flows.ts'
import { installNodeRed } from './node-red-install.ts'

/** Connections of its pool, as for a flow that somebody has tuned. */
const POOL = 10

/** Node-RED without its editor, running one flow. */
export function startNodeRed(flow: NodeRedFlow): StartPeer {
  return async ({ broker, databaseUrl, places, topic }) => {
    const modules = await installNodeRed()
    const directory = temporaryDirectory('node-red')
    const file = (name: string, content: string) => {
      writeFileSync(join(directory, name), content)
      return join(directory, name)
    }
    file('places.json', JSON.stringify(places))
    const flows = file('flows.json', JSON.stringify(nodeRedFlows(flow, broker, topic)))
    const settings = file(
      'settings.js',
      `const { Pool } = require(${JSON.stringify(join(modules, 'pg'))})
module.exports = {
  uiPort: ${await freePort()}, uiHost: '127.0.0.1', httpAdminRoot: false, httpNodeRoot: false,
  credentialSecret: false, telemetry: { enabled: false }, externalModules: { autoInstall: false },
  logging: { console: { level: 'info', metrics: false, audit: false } },
  functionGlobalContext: {
    pool: new Pool({ connectionString: ${JSON.stringify(databaseUrl)}, max: ${POOL} }),
    places: require('./places.json'),
    randomUUID: require('node:crypto').randomUUID,
  },
}
`,
    )
    return await withStarted(async (started) => {
      const child = spawnGuarded({
        command: process.execPath,
        args: [join(modules, 'node-red/red.js'), '--settings', settings, '--userDir', directory, flows],
        cwd: directory,
        removeWhenOrphaned: [directory],
      })
      started.defer(async () => {
        child.signal('SIGKILL')
        await child.exited
        rmSync(directory, { recursive: true, force: true })
      })
      await waitFor(() => child.output().includes('Connected to broker') || !child.running(), {
        what: 'Node-RED to be connected',
        timeout: 60_000,
      })
      if (!child.running()) throw new Error(`Node-RED ended:\n${child.output()}`)
      const running = started.move()
      return { processes: { peer: child.pid }, output: () => child.output(), stop: () => running.disposeAsync() }
    })
  }
}
