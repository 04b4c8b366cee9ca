import { expect, test } from 'vitest'
import { watchNats } from './nats-watch.ts'

const MIB = 1024 ** 2

/** Runs until the server was asked for each of these answers. */
async function watched(answers: (boolean | null)[], freeBytes: () => number): Promise<string[]> {
  const told: string[] = []
  const ending = new AbortController()
  await watchNats({
    server: { restart: (reason) => told.push(reason) },
    answers() {
      const answer = answers.shift() ?? null
      if (answers.length === 0) ending.abort()
      return Promise.resolve(answer)
    },
    freeBytes,
    report: (line) => told.push(line),
    signal: ending.signal,
    interval: 1,
    patience: 3,
  })
  return told
}

test('a server that is silent for long enough is started again, one that is away or answers in between is not', async () => {
  const restarted = [expect.stringContaining('starting it again')]
  expect(await watched([true, false, false, false, true], () => 1_000 * MIB)).toEqual(restarted)
  expect(await watched([false, false, true, false, false], () => 1_000 * MIB)).toEqual([])
  expect(await watched([false, false, null, null, null, null], () => 1_000 * MIB)).toEqual([])
})

test('while its disk is full that is said once, and it is started when there is room', async () => {
  const rooms = [0, 0, 0, 1_000 * MIB]
  expect(await watched([false, false, false, false, false, false, true], () => rooms.shift() ?? 0)).toEqual([
    expect.stringContaining('disk is full'),
    expect.stringContaining('starting it again'),
  ])
})
