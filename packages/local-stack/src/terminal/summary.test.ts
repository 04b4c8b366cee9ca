import { expect, test } from 'vitest'
import { coloursFor } from './progress.ts'
import { summaryBox } from './summary.ts'

const stack = {
  api_url: 'http://127.0.0.1:8080',
  api_key: 'iomt_key',
  nats_url: 'nats://127.0.0.1:4223',
  mqtt_url: 'mqtt://127.0.0.1:1884',
  database_url: 'postgres://iomt:secret@127.0.0.1:5433/iomt',
  console_url: null,
  pids: {},
}
const options = {
  stack,
  adminKeyFile: '/data/.iomt/admin-api-key',
  dataDirectory: '/data/.iomt',
  simulator: true,
  colours: coloursFor({}, {}),
  columns: 200,
}

test('every line of the box is equally wide and the commands carry the real ports', () => {
  const lines = summaryBox(options).split('\n')
  expect(new Set(lines.map((line) => line.length)).size).toBe(1)
  const text = lines.join('\n')
  expect(text).toContain('http://127.0.0.1:8080/docs')
  expect(text).toContain(
    `curl -s -H "Authorization: Bearer $(cat /data/.iomt/admin-api-key)" http://127.0.0.1:8080/mqtt/devices`,
  )
  expect(text).toContain(`nats sub -s nats://127.0.0.1:4223 'iomt.v1.telemetry.hopt.icu.>'`)
  expect(text).toContain('mosquitto_pub -h 127.0.0.1 -p 1884 -q 1 -t hopt/tang3/pkt/socket1')
  expect(text).toContain('psql "$(jq -r .database_url /data/.iomt/stack.json)"')
  expect(text).not.toContain('Console')
  expect(text).not.toContain('\u001b')
})

test('a narrow terminal gets no right side, so that lines stay whole for copying', () => {
  const text = summaryBox({ ...options, columns: 80 })
  expect(text).not.toMatch(/│$/m)
  expect(text).toContain('1884')
})

test('the console appears once there is one, and a path with spaces is quoted', () => {
  const text = summaryBox({
    ...options,
    stack: { ...stack, console_url: 'http://127.0.0.1:8080/console' },
    adminKeyFile: "/it's here/key",
  })
  expect(text).toContain('/console')
  expect(text).toContain(`$(cat '/it'\\''s here/key')`)
})

test('no line has a secret, and each says where to take it from', () => {
  const urls = { nats_url: 'nats://reader:hidden@nats:4222', mqtt_url: 'mqtts://ward:hidden@broker' }
  const text = summaryBox({ ...options, stack: { ...stack, ...urls } })
  expect(text).not.toMatch(/hidden|secret/)
  expect(text).toContain(`nats sub -s "$(jq -r .nats_url /data/.iomt/stack.json)"`)
  expect(text).toContain(`mosquitto_pub -h broker -p 8883 -u ward -P '<password>' --tls-use-os-certs -q 1`)
})

test('without a ward there is no socket to send for', () => {
  expect(summaryBox({ ...options, simulator: false })).not.toContain('hopt/tang3')
})
