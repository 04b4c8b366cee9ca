import { expect, test } from 'vitest'
import { freePort } from './free-port.ts'
import { accepts } from './tcp-port.ts'

test('nobody listens there', async () => {
  expect(await accepts(await freePort())).toBe(false)
})
