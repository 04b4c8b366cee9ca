import { compileSchema } from '@iomt/contracts/compile-schema'
import { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import { expect, test } from 'vitest'
import { deadLetterMessage, deadLetterSubjectOf } from './dead-letter.ts'
import { telemetryMessage, testId } from './testing/messages.ts'

const deliveryOf = (data: Uint8Array, sequence = 7) => ({
  subject: 'iomt.v1.telemetry.hopt.icu.tang3.1._',
  reply: `$JS.ACK.IOMT_TELEMETRY.telemetry-writer.1.${sequence}.3.1700000000000.0`,
  data,
})
const at = '2026-11-23T10:00:00.000Z'
const reject = (data: Uint8Array, sequence?: number, maxPayload = 8_000_000) =>
  deadLetterMessage(
    { delivery: deliveryOf(data, sequence), reason: 'contract-violation', detail: 'why' },
    maxPayload,
    at,
  )

test('goes to the place of the socket', () => {
  expect(deadLetterSubjectOf('iomt.v1.telemetry.hopt.icu.tang3.1._')).toBe('iomt.v1.deadletter.store.hopt.icu.tang3.1')
  expect(deadLetterSubjectOf('iomt.v1.telemetry.odd')).toBe('iomt.v1.deadletter.store.odd._._._')
})

test('fits its contract whatever the bytes are, and carries them', () => {
  const { check } = compileSchema(DeadLetterMessage)
  const valid = Buffer.from(JSON.stringify(telemetryMessage({ id: testId(1) })))
  const bodies = [
    valid,
    Buffer.from([0xff, 0]),
    Buffer.from('[]'),
    Buffer.from('{"received_at":"x","socket_id":5}'),
    Buffer.alloc(0),
  ]
  for (const data of bodies) {
    const message = reject(data)
    expect(check(message)).toBe(true)
    expect(Buffer.from(message.payload_base64, 'base64')).toEqual(data)
  }
  expect(reject(valid)).toMatchObject({ socket_id: testId(0xa01), topic: 'hopt/tang3/pkt/socket1' })
})

test('the same delivery has the same id, another of the same bytes has not', () => {
  const data = Buffer.from('{}')
  expect(reject(data, 7).id).toBe(reject(data, 7).id)
  expect(reject(data, 7).id).not.toBe(reject(data, 8).id)
})

test('keeps what the server takes and says that it is not all', () => {
  const message = reject(Buffer.alloc(1_000_000, 'a'), 1, 1_048_576)
  expect(message).toMatchObject({ payload_truncated: true, payload_bytes: 1_000_000 })
  expect(JSON.stringify(message).length).toBeLessThan(1_048_576)
})
