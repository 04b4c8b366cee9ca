import { type RenumberingProxy, startRenumberingProxy } from '@iomt/testing/renumbering-proxy'
import { afterAll, expect, test } from 'vitest'
import { crash, drain, startAgain } from './faults.ts'
import { type PoolFault, runPool } from './pool-run.ts'
import { report } from './report.ts'

let proxy: RenumberingProxy | undefined
afterAll(() => proxy?.close())

const cutNetwork: PoolFault = { name: 'connections reset', inject: async () => proxy?.cut() }

test('a broker that delivers again under other packet ids, as RabbitMQ does: nothing lost, nothing twice', async () => {
  const result = await runPool({
    gateways: 2,
    sockets: 100,
    messagesPerSecond: 1_000,
    rest: 4_000,
    async prepare({ broker }) {
      proxy = await startRenumberingProxy(broker)
    },
    brokerUrl: () => `mqtt://127.0.0.1:${proxy?.port}`,
    faults: [cutNetwork, crash(0), startAgain(0), drain(1)],
  })
  report(result)
  expect(result).toMatchObject({ lost: 0, duplicated: 0 })
}, 120_000)
