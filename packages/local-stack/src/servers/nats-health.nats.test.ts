import { type AddressInfo, createServer } from 'node:net'
import { startNatsProcess } from '@iomt/testing/nats-process'
import { expect, test } from 'vitest'
import { freePort } from '../ports.ts'
import { jetStreamAnswers } from './nats-health.ts'

test('a server with JetStream answers, and nothing that only accepts connections does', async () => {
  const server = await startNatsProcess()
  expect(await jetStreamAnswers(Number(new URL(server.url).port))).toBe(true)
  await server.stop()

  const mute = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => mute.once('listening', resolve))
  expect(await jetStreamAnswers((mute.address() as AddressInfo).port)).toBe(false)
  mute.close()
  expect(await jetStreamAnswers(await freePort())).toBeNull()
})
