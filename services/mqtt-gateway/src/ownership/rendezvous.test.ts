import { PARTITION_COUNT } from '@iomt/contracts/partitions'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPlacement } from './rendezvous.ts'

const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition)

test('without members nobody owns anything, alone one owns everything', () => {
  expect(createPlacement([])(0)).toBeNull()
  expect(partitions.every((partition) => createPlacement(['a'])(partition) === 'a')).toBe(true)
})

test('the order of members does not matter, and a join moves partitions only to the one that joined', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { minLength: 2, maxLength: 12 })
  fc.assert(
    fc.property(names, (members) => {
      const joined = members[0] as string
      const before = createPlacement(members.slice(1))
      const after = createPlacement([...members].reverse())
      for (const partition of partitions) {
        const owner = after(partition)
        if (owner !== before(partition)) expect(owner).toBe(joined)
      }
    }),
  )
})

test('a join or leave moves at most 1.15 × partitions/N on average, names of any kind', () => {
  const kinds: ((index: number) => string)[] = [
    (index) => `mqtt-gateway-${index}`,
    (index) => `mqtt-gateway-7d9f${(index * 7919).toString(16)}-${index}`,
    (index) => String(index),
    (index) => `host-${index % 3}-${4_000 + index}`,
  ]
  for (const nameOf of kinds) {
    for (const size of [2, 3, 5, 10]) {
      let moved = 0
      const pools = 60
      for (let pool = 0; pool < pools; pool += 1) {
        const members = Array.from({ length: size }, (_, index) => nameOf(pool * 20 + index))
        const after = createPlacement(members)
        const before = createPlacement(members.slice(1))
        moved += partitions.filter((partition) => after(partition) !== before(partition)).length
      }
      expect(moved / pools).toBeLessThanOrEqual((1.15 * PARTITION_COUNT) / size)
    }
  }
})
