import { expect, test } from 'vitest'
import { telemetryEvent } from './server-sent-event.ts'

test('an event is one line of data, also when the publisher has formatted its JSON', () => {
  const plain = '{"a":"line\\nend"}'
  expect(telemetryEvent(7, Buffer.from(plain)).toString()).toBe(`id: 7\nevent: telemetry\ndata: ${plain}\n\n`)
  const formatted = Buffer.from('{\r\n  "a": 1,\n  "b": "é"\r}')
  expect(telemetryEvent(8, formatted).toString()).toBe('id: 8\nevent: telemetry\ndata: {"a":1,"b":"é"}\n\n')
})
