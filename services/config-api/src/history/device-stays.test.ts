import { expect, test } from 'vitest'
import { staysOf } from './device-stays.ts'

const at = (text: string) => new Date(`2026-11-${text}:00Z`)
const stay = (socket: string, from: string, to: string | null) => ({
  socket_id: socket,
  assigned_at: at(from),
  unassigned_at: to === null ? null : at(to),
})

test('a stay begins a little before the assignment and ends a day after it; those that touch are one', () => {
  expect(staysOf([stay('a', '01T10:00', '02T10:00'), stay('b', '05T10:00', null)], [])).toEqual([
    { socketId: 'a', since: at('01T09:00'), until: at('03T10:00') },
    { socketId: 'b', since: at('05T09:00'), until: null },
  ])
  expect(
    staysOf([stay('a', '03T10:00', null), stay('a', '01T10:00', '02T10:00'), stay('a', '03T10:00', null)], []),
  ).toEqual([{ socketId: 'a', since: at('01T09:00'), until: null }])
})

test('readings from before the first assignment are known by their rollups', () => {
  const known = [{ socket_id: 'a', first_day: at('05T00:00') }]
  expect(staysOf([stay('a', '10T10:00', null)], known)).toEqual([{ socketId: 'a', since: at('04T00:00'), until: null }])
  expect(staysOf([stay('a', '04T10:00', null)], known)).toEqual([{ socketId: 'a', since: at('04T00:00'), until: null }])
  expect(staysOf([stay('a', '03T10:00', null)], known)).toEqual([{ socketId: 'a', since: at('03T09:00'), until: null }])
})
