import { renameSync, symlinkSync } from 'node:fs'
import { waitFor } from '@iomt/testing/wait-for'
import { afterAll, expect, test } from 'vitest'
import { createTestStacks, queryRows } from './testing/started-stack.ts'

const stacks = createTestStacks()
const { readStack, running, stillRunning } = stacks
const start = () => stacks.start(['--pdus', '1', '--sockets-per-pdu', '3', '--interval', '100'])

afterAll(() => stacks.remove())

async function rows(url: string): Promise<number> {
  const [row] = await queryRows<{ count: string }>(url, 'select count(*) from device_data_logs')
  return Number(row?.count)
}

test('starts, keeps itself alive, stops without leftovers, and goes on with its data after every kind of end', async () => {
  const first = await start()
  const stack = await running(first)
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
  const again = await running(third)
  expect(again.api_key).toBe(stack.api_key)
  expect(await rows(again.database_url)).toBeGreaterThanOrEqual(before)
  third.child.kill('SIGKILL')
  await waitFor(() => stillRunning().every((name) => /^(postgres|nats-server) /.test(name)), {
    what: 'the services to end',
  })

  // Its directory has moved meanwhile and is reached by a link.
  renameSync(stacks.dataDirectory, `${stacks.dataDirectory}-moved`)
  symlinkSync(`${stacks.dataDirectory}-moved`, stacks.dataDirectory)
  const fourth = await start()
  await running(fourth)
  expect(fourth.output()).toContain('stopping what an interrupted start left behind')
  fourth.child.kill('SIGTERM')
  expect(await fourth.exited).toBe(0)
  expect(stillRunning()).toEqual([])
})
