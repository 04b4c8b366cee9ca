import { expect, test } from 'vitest'
import { createRenumberedRedeliveries } from './renumbered-redeliveries.ts'

/** What becomes of readings of one socket, in the order they came; `+` for redeliveries. */
async function outcomesOf(readings: readonly string[], lastStored: () => Promise<{ raw: unknown } | null>) {
  const asked: string[] = []
  const redeliveries = createRenumberedRedeliveries({
    gather: 5,
    lastStored(subject) {
      asked.push(subject)
      return lastStored()
    },
  })
  const outcomes: string[] = []
  await Promise.all(
    readings.map(
      (reading) =>
        new Promise<void>((resolve) => {
          redeliveries.add({
            socketId: 'a',
            subject: 'subject.of.a',
            rawJson: reading.replace('+', ''),
            renumbered: reading.endsWith('+'),
            onKnown(error, stored) {
              outcomes.push(`${reading} ${error ? error.message : stored ? 'stored' : 'new'}`)
              resolve()
            },
          })
        }),
    ),
  )
  expect(asked).toEqual(['subject.of.a'])
  expect(redeliveries.holds('a')).toBe(false)
  return outcomes
}

test('all up to the newest that is stored are stored, the others are new', async () => {
  expect(await outcomesOf(['1+', '2+', '3+', '4'], async () => ({ raw: 2 }))).toEqual([
    '1+ stored',
    '2+ stored',
    '3+ new',
    '4 new',
  ])
})

test('none is when the newest that is stored is not among them, or nothing is', async () => {
  expect(await outcomesOf(['2+', '3+'], async () => ({ raw: 1 }))).toEqual(['2+ new', '3+ new'])
  expect(await outcomesOf(['2+'], async () => null)).toEqual(['2+ new'])
})

test('of equal ones rather one is stored twice than one lost', async () => {
  expect(await outcomesOf(['1+', '2+', '1+'], async () => ({ raw: 1 }))).toEqual(['1+ stored', '2+ new', '1+ new'])
})

test('what is new is not taken for the newest that is stored, though it is equal', async () => {
  expect(await outcomesOf(['2+', '1'], async () => ({ raw: 1 }))).toEqual(['2+ new', '1 new'])
})

test('payloads are compared by what they say', async () => {
  const raw = { energy: 1, voltage: 230 }
  const [outcome] = await outcomesOf(['{"voltage":230.0, "energy":1}+'], async () => ({ raw }))
  expect(outcome).toMatch(/ stored$/)
})

test('when nobody can say what is stored, none is stored: the broker delivers them once more', async () => {
  const outcomes = await outcomesOf(['1+', '2'], () => Promise.reject(new Error('no answer')))
  expect(outcomes).toEqual(['1+ no answer', '2 no answer'])
})

test('only sockets with redeliveries have to wait', () => {
  const redeliveries = createRenumberedRedeliveries({ gather: 5, lastStored: async () => null })
  redeliveries.add({ socketId: 'a', subject: 'a', rawJson: '1', renumbered: true, onKnown() {} })
  expect([redeliveries.holds('a'), redeliveries.holds('b')]).toEqual([true, false])
})
