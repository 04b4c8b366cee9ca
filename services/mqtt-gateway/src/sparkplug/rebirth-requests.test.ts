import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { desiredSocket } from '../testing/desired-state.ts'
import { createRebirthRequests } from './rebirth-requests.ts'

test('a node is asked at most once a minute, whichever of its devices speaks; another broker has other nodes', () => {
  let now = 1_000_000
  const sent: string[] = []
  const publish = async (socketId: string, topic: string) => sent.push(`${socketId} ${topic}`)
  const request = createRebirthRequests({ publish, now: () => now, logger: pino({ level: 'silent' }) })
  const [one, other] = ['one', 'other'].map((id) => desiredSocket('mqtt://broker:1883', { socket_id: id })) as [
    SocketDesiredState,
    SocketDesiredState,
  ]
  request(one, 'spBv1.0/ward/DDATA/edge1/pdu1')
  request(other, 'spBv1.0/ward/DDATA/edge1/pdu2')
  request(one, 'ward/socket1')
  expect(sent).toEqual(['one spBv1.0/ward/NCMD/edge1'])
  request(desiredSocket('mqtt://elsewhere:1883'), 'spBv1.0/ward/DDATA/edge1/pdu2')
  expect(sent).toHaveLength(2)
  now += 60_000
  request(other, 'spBv1.0/ward/DDATA/edge1/pdu2')
  expect(sent.at(-1)).toBe('other spBv1.0/ward/NCMD/edge1')
  expect(sent).toHaveLength(3)
})
