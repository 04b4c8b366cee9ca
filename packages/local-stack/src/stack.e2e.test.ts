import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@iomt/testing/wait-for'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { freePort } from './ports.ts'
import { isOurs } from './processes/process-identity.ts'
import type { StackFile } from './stack-file.ts'

const parent = mkdtempSync(join(tmpdir(), 'iomt-stack-'))
// Root's Postgres runs as another user, who must get through.
chmodSync(parent, 0o755)
const dataDirectory = join(parent, 'data')
const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const started: ChildProcess[] = []
const seen = new Map<string, number>()

afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  for (const pid of seen.values()) if (isOurs(pid, dataDirectory)) process.kill(pid, 'SIGKILL')
  rmSync(parent, { recursive: true, force: true })
})

async function start(): Promise<{ child: ChildProcess; output: () => string; exited: Promise<number | null> }> {
  const ports = await Promise.all(
    ['api', 'nats', 'mqtt', 'postgres'].map(async (name) => [`--${name}-port`, String(await freePort())]),
  )
  const flags = ['--pdus', '1', '--sockets-per-pdu', '3', '--interval', '100', '--data-dir', dataDirectory]
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [main, ...flags, ...ports.flat()], { env: { PATH, HOME }, stdio: 'pipe' })
  started.push(child)
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return { child, output: () => text, exited }
}

function readStack(): StackFile | null {
  try {
    const stack = JSON.parse(readFileSync(join(dataDirectory, 'stack.json'), 'utf8')) as StackFile
    for (const [name, pid] of Object.entries(stack.pids)) seen.set(`${name} ${pid}`, pid)
    return stack
  } catch {
    return null
  }
}

async function running(output: () => string): Promise<StackFile> {
  return await waitFor(() => output().includes('is running') && readStack(), {
    what: 'the stack',
    timeout: 60_000,
  }).catch((cause: unknown) => {
    throw new Error(output(), { cause })
  })
}

async function rows(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ count: string }>('select count(*) from device_data_logs')
  await client.end()
  return Number(rows[0]?.count)
}

const stillRunning = () => [...seen].filter(([, pid]) => isOurs(pid, dataDirectory)).map(([name]) => name)

test('starts, keeps itself alive, stops without leftovers, and goes on with its data after every kind of end', async () => {
  const first = await start()
  const stack = await running(first.output)
  await waitFor(async () => (await rows(stack.database_url)) > 10, { what: 'readings of the ward' })
  expect(first.output()).toContain(stack.api_key)

  // A process that dies comes back under its name.
  const writer = stack.pids['telemetry-writer-1'] as number
  process.kill(writer, 'SIGKILL')
  await waitFor(() => ![undefined, writer].includes(readStack()?.pids['telemetry-writer-1']), { what: 'a new writer' })
  await waitFor(() => first.output().includes('telemetry-writer-1 is back'), { what: 'its return to be told' })

  const second = await start()
  expect(await second.exited).toBe(1)
  expect(second.output()).toContain(`process ${first.child.pid}`)

  const before = await rows(stack.database_url)
  first.child.kill('SIGINT')
  first.child.kill('SIGINT')
  expect(await first.exited).toBe(0)
  expect(stillRunning()).toEqual([])
  expect(readStack()).toBeNull()

  // Killed: Node processes end themselves, the servers are stopped by the next start.
  const third = await start()
  const again = await running(third.output)
  expect(again.api_key).toBe(stack.api_key)
  expect(await rows(again.database_url)).toBeGreaterThanOrEqual(before)
  third.child.kill('SIGKILL')
  await waitFor(() => stillRunning().every((name) => /^(postgres|nats-server) /.test(name)), {
    what: 'the services to end',
  })

  const fourth = await start()
  await running(fourth.output)
  expect(fourth.output()).toContain('stopping what an interrupted start left behind')
  fourth.child.kill('SIGTERM')
  expect(await fourth.exited).toBe(0)
  expect(stillRunning()).toEqual([])
})
