import type { DecodedReading } from '@iomt/payload-decoders/decoded-payload'
import { expect, test } from 'vitest'
import { createMessageAssessment } from './message-assessment.ts'

const receivedAt = new Date('2026-11-23T09:00:00Z')
const live = { receivedAt, retained: false, late: false }

function reading(fields: Partial<DecodedReading> = {}): DecodedReading {
  return {
    measurements: { voltage: 230 },
    phases: null,
    extra: {},
    quality: [],
    measuredAt: null,
    partial: false,
    decoder: 'flat-json@1',
    ...fields,
  }
}

/** Codes after these readings, each so often. */
function codesAfter(
  config: Parameters<ReturnType<typeof createMessageAssessment>['advice']>[0],
  ...runs: [number, Partial<DecodedReading>][]
) {
  const assessment = createMessageAssessment()
  for (const [count, fields] of runs) for (let at = 0; at < count; at += 1) assessment.reading(reading(fields), live)
  return assessment.advice(config).map(({ code }) => code)
}

test('a device that sends well needs no advice', () => {
  expect(codesAfter({ expected: ['voltage'] }, [100, { measuredAt: receivedAt }])).toEqual([])
})

test('an expected measurement is missed after a few whole messages, after more partial ones, and found in phases', () => {
  const expected = { expected: { measurements: ['current' as const] } }
  expect(codesAfter(expected, [2, {}])).toEqual([])
  expect(codesAfter(expected, [3, {}])).toEqual(['expected-missing'])
  expect(codesAfter(expected, [19, { partial: true }])).toEqual([])
  expect(codesAfter(expected, [20, { partial: true }])).toEqual(['expected-missing'])
  expect(codesAfter(expected, [1, { measurements: { current: 0 } }], [2, {}])).toEqual([])
  expect(codesAfter(expected, [9, { phases: { l1: { current: 1 } } }])).toEqual([])
})

test('doubts count when most of the last readings have them, and are forgotten when they have ended', () => {
  const doubt = { quality: ['implausible:voltage'] }
  expect(codesAfter(null, [4, doubt])).toEqual([])
  expect(codesAfter(null, [5, doubt])).toEqual(['doubtful-readings'])
  expect(codesAfter(null, [50, doubt], [10, {}])).toEqual([])
  expect(codesAfter(null, [50, { quality: ['missing:current', 'skewed'] }])).toEqual([])
})

test('a clock is skewed by more than two minutes; late and retained messages say nothing about it', () => {
  const behind = { measuredAt: new Date(receivedAt.getTime() - 180_000) }
  expect(codesAfter(null, [5, behind])).toEqual(['clock-skew'])
  expect(codesAfter(null, [5, { measuredAt: new Date(receivedAt.getTime() - 119_000) }])).toEqual([])
  const assessment = createMessageAssessment()
  for (let at = 0; at < 9; at += 1) {
    assessment.reading(reading(behind), { ...live, late: true })
    assessment.reading(reading(behind), { ...live, retained: true })
  }
  expect(assessment.advice(null).map(({ code }) => code)).toEqual(['retained-readings'])
})

test('a retained reading is spoken of for a day, or until it is cleared', () => {
  const later = (hours: number) => new Date(receivedAt.getTime() + hours * 3_600_000)
  const codes = (assessment: ReturnType<typeof createMessageAssessment>) =>
    assessment.advice(null).map(({ code }) => code)
  const left = createMessageAssessment()
  left.reading(reading(), { ...live, retained: true })
  left.reading(reading(), { ...live, receivedAt: later(23) })
  expect(codes(left)).toEqual(['retained-readings'])
  left.reading(reading(), { ...live, receivedAt: later(25) })
  expect(codes(left)).toEqual([])

  const cleared = createMessageAssessment()
  cleared.reading(reading(), { ...live, retained: true })
  cleared.reading(reading(), live)
  expect(codes(cleared)).toEqual(['retained-readings'])
  cleared.deadLetter({ reason: 'payload-empty', detail: 'nothing' })
  expect(codes(cleared)).toEqual([])
})

test('a last will says offline until the next live reading', () => {
  const assessment = createMessageAssessment()
  expect(assessment.availability).toBeNull()
  assessment.status(false, receivedAt)
  assessment.reading(reading(), { ...live, retained: true })
  expect(assessment.availability).toEqual({ online: false, at: receivedAt.toISOString() })
  assessment.reading(reading(), live)
  expect(assessment.availability?.online).toBe(true)
})
