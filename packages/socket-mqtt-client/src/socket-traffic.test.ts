import { NO_TRAFFIC } from '@iomt/contracts/socket-status'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSocketTraffic } from './socket-traffic.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 10, 30, 9, 0, 20)
const message = (at: number) => ({ bytes: 200, qos: 1, dup: false, at })

test('rates are of the last five minutes of the clock, of less when the socket was taken later, and of no less than a minute', () => {
  const traffic = createSocketTraffic(START)
  expect(traffic.view(START)).toEqual(NO_TRAFFIC)
  traffic.received(message(START))
  expect(traffic.view(START + 1)).toMatchObject({ messages_per_minute: 1, bytes_per_minute: 200 })
  for (let second = 10; second < 600; second += 10) traffic.received(message(START + second * 1_000))
  expect(traffic.view(START + 600_000)).toMatchObject({
    messages: 60,
    bytes: 12_000,
    messages_per_minute: 6,
    bytes_per_minute: 1_200,
    last_message_at: '2026-11-30T09:10:10.000Z',
  })
  // Silent since then: what was four minutes ago still counts, then nothing does.
  expect(traffic.view(START + 14 * MINUTE)).toMatchObject({ messages: 60, messages_per_minute: 0.46 })
  expect(traffic.view(START + 16 * MINUTE)).toMatchObject({ messages_per_minute: 0, bytes_per_minute: 0 })
})

test('whatever comes when: the rate is what came in the window, divided by its length', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 4 * MINUTE }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(gaps, fc.nat(7 * MINUTE), (between, wait) => {
      const traffic = createSocketTraffic(START)
      let at = START
      const times = between.map((gap) => {
        at += gap
        traffic.received(message(at))
        return at
      })
      const now = at + wait
      const from = (Math.floor(now / MINUTE) - 4) * MINUTE
      const counted = times.filter((time) => time >= from).length
      const minutes = Math.max(MINUTE, now - Math.max(from, START)) / MINUTE
      expect(traffic.view(now).messages_per_minute).toBeCloseTo(counted / minutes, 1)
    }),
  )
})

test('how long storing took is a mean of the same minutes; redeliveries and dead letters are counted from the beginning', () => {
  const traffic = createSocketTraffic(START)
  traffic.received({ ...message(START), dup: true, qos: 2 })
  traffic.stored(START - 10, START)
  traffic.stored(START + MINUTE - 15, START + MINUTE)
  traffic.deadLetter()
  expect(traffic.view(START + MINUTE)).toMatchObject({
    stored_after_ms: 12.5,
    redelivered: 1,
    dead_letters: 1,
    last_qos: 2,
  })
  expect(traffic.view(START + 5 * MINUTE)).toMatchObject({ stored_after_ms: 15, redelivered: 1, dead_letters: 1 })
  expect(traffic.view(START + 9 * MINUTE)).toMatchObject({ stored_after_ms: null })
  // A clock that was set back.
  for (let second = 0; second < 60; second += 1) traffic.received(message(START + 9 * MINUTE + second * 1_000))
  traffic.received(message(START - 60 * MINUTE))
  expect(traffic.view(START - 60 * MINUTE)).toMatchObject({ messages: 62, messages_per_minute: 1 })
})
