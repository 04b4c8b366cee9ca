import fc from 'fast-check'
import { expect, test } from 'vitest'
import { storeWithBisection } from './bisect.ts'

const dataError = new Error('data')

test('stores exactly what is not poisoned, in order, each once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 60 }), async (poison) => {
      const stored: number[] = []
      const store = async (items: readonly number[]) => {
        if (items.some((item) => poison[item])) throw dataError
        stored.push(...items)
      }
      const poisoned = await storeWithBisection([...poison.keys()], store, (error) => error === dataError)
      expect(stored).toEqual([...poison.keys()].filter((item) => !poison[item]))
      expect(poisoned.map(({ item }) => item)).toEqual([...poison.keys()].filter((item) => poison[item]))
    }),
  )
})

test('finds one among a thousand in a few attempts', async () => {
  let attempts = 0
  const poisoned = await storeWithBisection(
    [...Array(1_000).keys()],
    async (items) => {
      attempts += 1
      if (items.includes(617)) throw dataError
    },
    () => true,
  )
  expect(poisoned).toEqual([{ item: 617, error: dataError }])
  expect(attempts).toBeLessThanOrEqual(22)
})

test('an error that is not about data goes to the caller', async () => {
  const lost = new Error('connection lost')
  const store = () => Promise.reject(lost)
  await expect(storeWithBisection([1, 2], store, () => false)).rejects.toBe(lost)
})
