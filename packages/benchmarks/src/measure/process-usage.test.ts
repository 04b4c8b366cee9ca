import { expect, test } from 'vitest'
import { parseInputOutputCalls, parseProcessStat, parseResidentMemory, usagesOf } from './process-usage.ts'

test('/proc/{pid}/stat gives times in seconds, whatever the name of the program', () => {
  const stat = `4242 (a) name (with 7 8) S 17 4242 4242 0 -1 4194304 5120 300 2 0 1234 66 50 5 20 0 11 0 987654 1 2 3`
  expect(parseProcessStat(`${stat}\n`)).toEqual({ pid: 4242, parent: 17, cpu: 13, endedChildrenCpu: 0.55 })
})

test('a process that ended meanwhile has no stat', () => {
  expect(parseProcessStat('')).toBeUndefined()
})

test('resident memory is told apart by kind', () => {
  const status =
    'Name:\tpostgres\nVmHWM:\t  999 kB\nVmRSS:\t   60 kB\nRssAnon:\t   10 kB\nRssFile:\t   20 kB\nRssShmem:\t   30 kB\n'
  expect(parseResidentMemory(status)).toEqual({ anonymous: 10_240, file: 20_480, shared: 30_720 })
  expect(parseResidentMemory('')).toEqual({ anonymous: 0, file: 0, shared: 0 })
})

test('reads and writes are counted together', () => {
  expect(parseInputOutputCalls('rchar: 9\nwchar: 8\nsyscr: 70\nsyscw: 5\nread_bytes: 1\n')).toBe(75)
  expect(parseInputOutputCalls('')).toBe(0)
})

test('this process uses processor and memory, one that does not exist uses none', () => {
  const [self, nobody] = usagesOf([process.pid, 0x7fff_ffff])
  expect(self?.cpu).toBeGreaterThan(0)
  expect(self?.memory).toBeGreaterThan(10 * 1_048_576)
  expect(nobody).toEqual({ cpu: 0, calls: 0, memory: 0 })
})
