import { startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import type { NatsConnectionImpl } from '@nats-io/nats-core/internal'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { connectBus } from './connect.ts'

const SIZES = [0, 1, 900, 65_000, 65_536, 500_000, 10]

test('messages of all sizes arrive whole, also after the server was restarted', async () => {
  const nats = await startNats()
  const bus = await connectBus({ url: nats.url, name: 'test', logger: pino({ level: 'silent' }) })
  const { protocol } = bus.connection as NatsConnectionImpl
  const received: [subject: string, bytes: number, last: number | undefined][] = []
  bus.connection.subscribe('sizes.*', {
    callback(_error, { subject, data }) {
      received.push([subject, data.length, data.at(-1)])
    },
  })
  const sent = SIZES.map((size, index) => [`sizes.${index}`, size, size === 0 ? undefined : index])

  for (const life of ['first', 'second']) {
    if (life === 'second') await nats.restart()
    await waitFor(
      () =>
        bus.connection.flush().then(
          () => true,
          () => false,
        ),
      { what: 'a connection' },
    )
    for (const [index, size] of SIZES.entries()) bus.connection.publish(`sizes.${index}`, Buffer.alloc(size, index))
    await bus.connection.flush()
    expect(received.splice(0)).toEqual(sent)
    expect(Object.hasOwn(protocol.parser, 'parse'), `the parser of the ${life} connection`).toBe(true)
  }
  await bus.close()
  await nats.stop()
})
