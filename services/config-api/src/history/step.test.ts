import { expect, test } from 'vitest'
import { chooseStep, readStep } from './step.ts'

test('a step is made from the coarsest rollup that adds up to it', () => {
  expect(readStep('raw')).toBeNull()
  const resolutions = { '1m': '1m', '5m': '1m', '60m': '1h', '90m': '1m', '6h': '1h', '24h': '1d', '7d': '1d' }
  for (const [step, resolution] of Object.entries(resolutions))
    expect(readStep(step)?.resolution, step).toBe(resolution)
  expect(readStep('24h')).toEqual({ name: '24h', milliseconds: 86_400_000, resolution: '1d', days: 1 })
  for (const wrong of ['', '0m', '1', 'm', '5s', '1w', '-1h', '1.5h', '367d', '99999999m', 'PT5M', '1h ', '1H']) {
    expect(() => readStep(wrong), wrong).toThrow('step must be raw, or a number of minutes, hours or days')
  }
})

test('without a step the range decides, and what is still kept', () => {
  const to = new Date('2026-11-23T00:00:00Z')
  const before = (hours: number) => new Date(to.getTime() - hours * 3_600_000)
  const kept = { raw: before(24 * 90), minutes: before(24 * 400) }
  const chosen = (hours: number, keeps: Parameters<typeof chooseStep>[2] = kept) =>
    chooseStep(before(hours), to, keeps)?.name ?? 'raw'
  expect([0.25, 0.5, 0.6, 24, 25, 25.1, 24 * 31, 24 * 62.5, 24 * 63, 24 * 3_650].map((hours) => chosen(hours))).toEqual(
    ['raw', 'raw', '1m', '1m', '1m', '1h', '1h', '1h', '1d', '1d'],
  )
  expect(chosen(0.5, { ...kept, raw: null })).toBe('1m')
  expect(chosen(0.5, { raw: before(0.4), minutes: before(0.4) })).toBe('1h')
})
