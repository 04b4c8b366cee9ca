import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createSweepLoop } from './sweep-loop.ts'

test('a sweep that failed is tried again soon, and its reason is logged once', async () => {
  const logged: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(JSON.parse(line).reason) })
  const at: number[] = []
  const loop = createSweepLoop({
    logger,
    intervalSeconds: 3_600,
    async sweep() {
      at.push(performance.now())
      if (at.length < 3) throw new Error('no responders')
      return { repaired: 0, strays: 0 } as never
    },
  })
  loop.trigger()
  await expect.poll(() => at.length, { timeout: 10_000 }).toBe(3)
  expect((at[1] as number) - (at[0] as number)).toBeGreaterThan(900)
  await loop.stop()
  expect(logged).toEqual(['no responders'])
})
