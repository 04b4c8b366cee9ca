import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { spawnGuarded } from '@iomt/testing/guarded-process'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import { waitFor } from '@iomt/testing/wait-for'
import { withStarted } from '../measure/start-together.ts'
import type { StartPeer } from './measure-peer.ts'
import { INSERT_VALUES } from './peer-statement.ts'

/** Debian's packages belong to the system's Python, which need not be the first on PATH. */
const PYTHONS = ['python3', '/usr/bin/python3']

/** A Python that has what the peer imports, or undefined. */
export async function findPython(): Promise<string | undefined> {
  for (const python of PYTHONS) {
    const found = await promisify(execFile)(python, ['-c', 'import paho.mqtt.client, psycopg2.extras']).then(
      () => true,
      () => false,
    )
    if (found) return python
  }
  return undefined
}

/** paho-mqtt and psycopg2's `execute_values`, 500 rows a transaction. */
export function startPythonPeer(python: string): StartPeer {
  return async (environment) => {
    const directory = temporaryDirectory('python-peer')
    const input = join(directory, 'input.json')
    writeFileSync(input, JSON.stringify({ ...environment, broker: pick(environment.broker), statement: INSERT_VALUES }))
    return await withStarted(async (started) => {
      const child = spawnGuarded({
        command: python,
        args: [fileURLToPath(new URL('./batching-peer.py', import.meta.url)), input],
        removeWhenOrphaned: [directory],
      })
      started.defer(async () => {
        child.signal('SIGKILL')
        await child.exited
        rmSync(directory, { recursive: true, force: true })
      })
      await waitFor(() => child.output().includes('subscribed') || !child.running(), {
        what: 'the Python peer to be subscribed',
      })
      if (!child.running()) throw new Error(`the Python peer ended:\n${child.output()}`)
      const running = started.move()
      return { processes: { peer: child.pid }, output: () => child.output(), stop: () => running.disposeAsync() }
    })
  }
}

const pick = ({ host, port }: { host: string; port: number }) => ({ host, port })
