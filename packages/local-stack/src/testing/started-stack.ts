import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@iomt/testing/wait-for'
import pg from 'pg'
import { freePort } from '../ports.ts'
import { identityOf, isRunning, type ProcessIdentity } from '../processes/process-identity.ts'
import type { StackFile } from '../stack-file.ts'

/** `npm start` on a data directory of a test's own. */
export interface StartedStack {
  readonly child: ChildProcess
  /** What it has printed. */
  readonly output: () => string
  readonly exited: Promise<number | null>
}

export interface TestStacks {
  readonly dataDirectory: string
  /** With free ports, unless `flags` say something else. */
  start(flags?: readonly string[]): Promise<StartedStack>
  /** `stack.json`, or null when no stack runs. */
  readStack(): StackFile | null
  /** Resolves once the stack is ready. */
  running(stack: StartedStack): Promise<StackFile>
  /** Names of processes of any of these stacks that still run. */
  stillRunning(): string[]
  /** Kills what is left and removes the directory. */
  remove(): void
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

export function createTestStacks(): TestStacks {
  const parent = mkdtempSync(join(tmpdir(), 'iomt-stack-'))
  // Root's Postgres runs as another user, who must get through.
  chmodSync(parent, 0o755)
  const dataDirectory = join(parent, 'data')
  const started: ChildProcess[] = []
  const seen = new Map<string, ProcessIdentity>()

  function readStack(): StackFile | null {
    try {
      const stack = JSON.parse(readFileSync(join(dataDirectory, 'stack.json'), 'utf8')) as StackFile
      for (const [name, pid] of Object.entries(stack.pids)) {
        const identity = identityOf(pid)
        if (identity) seen.set(`${name} ${pid}`, identity)
      }
      return stack
    } catch {
      return null
    }
  }

  return {
    dataDirectory,
    readStack,
    async start(flags = []) {
      const ports = await Promise.all(
        ['api', 'nats', 'mqtt', 'postgres'].map(async (name) => [`--${name}-port`, String(await freePort())]),
      )
      const { PATH, HOME } = process.env
      const args = [MAIN, '--data-dir', dataDirectory, ...ports.flat(), ...flags]
      const child = spawn(process.execPath, args, { env: { PATH, HOME }, stdio: 'pipe' })
      started.push(child)
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
      const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
      return { child, output: () => text, exited }
    },
    async running({ output }) {
      return await waitFor(() => output().includes('is running') && readStack(), {
        what: 'the stack',
        timeout: 60_000,
      }).catch((cause: unknown) => {
        throw new Error(output(), { cause })
      })
    },
    stillRunning: () => [...seen].filter(([, identity]) => isRunning(identity)).map(([name]) => name),
    remove() {
      for (const child of started) child.kill('SIGKILL')
      for (const identity of seen.values()) if (isRunning(identity)) process.kill(identity.pid, 'SIGKILL')
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

/** Rows of a query on a stack's database. */
export async function queryRows<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}
