import { startNatsProcess } from '@iomt/testing/nats-process'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { connectBus } from './connect.ts'

const serverWith = (password: string, port?: number) =>
  startNatsProcess({ ...(port ? { port } : {}), config: `authorization { user: test, password: ${password} }` })

test('comes back after a server that had refused it for a while', async () => {
  const first = await serverWith('right')
  const port = Number(new URL(first.url).port)
  const bus = await connectBus({
    url: `nats://test:right@127.0.0.1:${port}`,
    name: 'test',
    logger: pino({ level: 'silent' }),
  })
  await first.stop()
  const refusing = await serverWith('another', port)
  // The client gives up at the second refusal otherwise.
  await expect.poll(() => refusing.log().split('authentication error').length, { timeout: 10_000 }).toBeGreaterThan(3)
  await refusing.stop()
  const last = await serverWith('right', port)
  const answers = () => bus.manager.getAccountInfo().then(Boolean, () => false)
  await expect.poll(answers, { timeout: 10_000 }).toBe(true)
  await bus.close()
  await last.stop()
})
