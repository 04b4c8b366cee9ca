import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { sharedNatsUrl, startNats } from './nats.ts'
import { clearProductStreams } from './nats-streams.ts'

test('an acknowledged message survives a kill, on the same port', async () => {
  const server = await startNats()
  try {
    const before = await connect({ servers: server.url })
    const manager = await jetstreamManager(before)
    await manager.streams.add({ name: 'IOMT_TEST', subjects: ['test.>'] })
    await jetstream(before).publish('test.one', 'payload')
    expect(before.info?.max_payload).toBe(8 * 1024 * 1024)
    await before.close()

    const { pid, port } = server
    await server.kill9()
    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(server.port).toBe(port)

    const after = await connect({ servers: server.url })
    const stream = await (await jetstreamManager(after)).streams.info('IOMT_TEST')
    expect(stream.state.messages).toBe(1)

    await clearProductStreams(server.url)
    await expect((await jetstreamManager(after)).streams.info('IOMT_TEST')).rejects.toThrow('stream not found')
    await after.close()
  } finally {
    await server.stop()
  }
})

test('a frozen server keeps its connection and answers after it goes on', async () => {
  const server = await startNats()
  try {
    const connection = await connect({ servers: server.url })
    server.freeze()
    const roundTrip = connection.flush()
    server.resume()
    await roundTrip
    await connection.close()
  } finally {
    await server.stop()
  }
})

test('the shared server of the run is there', async () => {
  const connection = await connect({ servers: await sharedNatsUrl() })
  await connection.flush()
  await connection.close()
})
