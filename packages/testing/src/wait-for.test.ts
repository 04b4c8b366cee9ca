import { expect, test } from 'vitest'
import { waitFor } from './wait-for.ts'

test('gives what the condition gives, 0 and empty text included', async () => {
  const answers = [undefined, null, false, 0]
  expect(await waitFor(() => answers.shift() as number, { what: 'zero', interval: 1 })).toBe(0)
  expect(await waitFor(async () => '', { what: 'text' })).toBe('')
})

test('the error says what was awaited and what went wrong last', async () => {
  const broken = () => {
    throw new Error('connection refused')
  }
  const failure = waitFor(broken, { what: 'the broker', timeout: 20, interval: 5 })
  await expect(failure).rejects.toThrow('waited 20 ms for the broker; last error: connection refused')
})

test('an error that passed is not told', async () => {
  let looks = 0
  const failure = waitFor(
    () => {
      looks += 1
      if (looks === 1) throw new Error('early')
    },
    { what: 'nothing', timeout: 20, interval: 5 },
  )
  await expect(failure).rejects.toThrow(/^waited 20 ms for nothing$/)
})
