import { expect, test } from 'vitest'
import { machineCpu, parseMachineCpu } from './machine-cpu.ts'

test('busy is everything but idling, waiting for disks and what the host took', () => {
  const stat = 'cpu  100 20 300 9000 500 6 70 800 1 1\ncpu0 50 10 150 4500 250 3 35 400 0 0\nintr 1\n'
  expect(parseMachineCpu(stat)).toEqual({ busy: 4.96, stolen: 8 })
})

test('this machine has been busy', () => {
  expect(machineCpu().busy).toBeGreaterThan(0)
})
