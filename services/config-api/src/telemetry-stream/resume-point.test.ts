import { expect, test } from 'vitest'
import { resumePoint } from './resume-point.ts'

test('a stream that has everything since is read on without a gap, also when nothing came since', () => {
  expect(resumePoint(10, { first: 5, last: 20 })).toEqual({ next: 11, gap: null })
  expect(resumePoint(20, { first: 5, last: 20 })).toEqual({ next: 21, gap: null })
  expect(resumePoint(4, { first: 5, last: 20 })).toEqual({ next: 5, gap: null })
  expect(resumePoint(0, { first: 1, last: 0 })).toEqual({ next: 1, gap: null })
})

test('what is gone is named, also when the stream is empty', () => {
  expect(resumePoint(3, { first: 5, last: 20 })).toEqual({ next: 5, gap: { from: 4, to: 4, reason: 'expired' } })
  expect(resumePoint(3, { first: 21, last: 20 })).toEqual({ next: 21, gap: { from: 4, to: 20, reason: 'expired' } })
})

test('a stream that was made anew and is empty begins with its first', () => {
  const gap = { from: 501, to: null, reason: 'restarted' }
  expect(resumePoint(500, { first: 0, last: 0 })).toEqual({ next: 1, gap })
})

test('an id that the stream has not reached is of another stream', () => {
  const gap = { from: 22, to: null, reason: 'restarted' }
  expect(resumePoint(21, { first: 5, last: 20 })).toEqual({ next: 5, gap })
})
