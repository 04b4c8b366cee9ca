import type { StatusEvent } from '@iomt/contracts/rest/status-event'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
let socket: Body
let stored: StatusEvent[]

beforeAll(async () => {
  running = await startConfigApi()
  const { pdu } = await createEstate(running.api)
  socket = await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: 1 })
  const other = await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: 2 })
  const names = ['offline', 'idle', 'online'] as const
  stored = Array.from({ length: 9 }, (_, index) => ({
    id: newId(),
    // Three at the same moment each: pages divide them by id.
    at: `2026-11-2${Math.floor(index / 3) + 1}T08:00:00.123Z`,
    status: names[index % 3] as StatusEvent['status'],
    previous: index === 0 ? null : (names[(index - 1) % 3] as StatusEvent['status']),
    reason: index % 3 === 0 ? 'connect ECONNREFUSED 192.0.2.7:1883' : null,
    gateway: 'gateway-1',
  }))
  await running.migrated.database
    .insertInto('socket_connection_events')
    .values([
      ...stored.map((event) => ({ ...event, at: new Date(event.at), socket_id: socket.id, detail: '{}' })),
      { ...(stored[0] as StatusEvent), id: newId(), at: new Date(), socket_id: other.id, detail: '{}' },
    ])
    .execute()
})
afterAll(() => running.stop())

const pathOf = (query: string) => `/sockets/${socket.id}/status-events${query}`
const newestFirst = () => stored.toReversed()

test('every change of the socket, newest first, on pages that neither repeat nor leave out one', async () => {
  expect((await running.api.get(pathOf(''))).body).toEqual({ items: newestFirst(), next_cursor: null })
  const seen: StatusEvent[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { body } = await running.api.get(pathOf(`?limit=2${cursor && `&cursor=${cursor}`}`))
    seen.push(...body.items)
    cursor = body.next_cursor
  }
  expect(seen).toEqual(newestFirst())
})

test('of a time and a status', async () => {
  const { body } = await running.api.get(
    pathOf('?from=2026-11-22T00:00:00Z&to=2026-11-23T08:00:00.123Z&status=offline'),
  )
  expect(body.items).toEqual([stored[3]])
})

test('bad input and unknown sockets are refused', async () => {
  const { api } = running
  const range = '?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z'
  expect(problemOf(await api.get(pathOf(range)))).toBe('400 /problems/invalid-request /to')
  expect(problemOf(await api.get(pathOf('?status=asleep')))).toMatch(/^400 .*\/status/)
  expect(problemOf(await api.get(pathOf('?cursor=abc')))).toMatch(/^400 \/problems\/invalid-cursor/)
  const unknown = '/sockets/0190a000-0000-7000-8000-00000000ffff/status-events'
  expect(problemOf(await api.get(unknown))).toBe('404 /problems/not-found')
})
