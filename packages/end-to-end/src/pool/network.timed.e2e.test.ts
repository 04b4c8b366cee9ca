import { setTimeout as pause } from 'node:timers/promises'
import { createNetworkNamespace, type NetworkNamespace, networkNamespacesWork } from '@iomt/testing/network-namespace'
import { afterAll, expect, test } from 'vitest'
import { type PoolFault, runPool } from './pool-run.ts'
import { report } from './report.ts'

let host: NetworkNamespace | undefined
afterAll(() => host?.remove())

/** Packets are lost instead of connections closed: nobody is told, everybody has to notice. */
test.skipIf(!networkNamespacesWork())(
  'a gateway on a host of its own, whose network fails: nothing lost, nothing twice',
  async () => {
    const own = await createNetworkNamespace()
    host = own
    let [natsPort, brokerPort] = [0, 0]
    const fault = (name: string, harm: () => void, milliseconds: number): PoolFault => ({
      name,
      async inject() {
        harm()
        await pause(milliseconds)
        own.heal()
      },
    })
    const result = await runPool({
      gateways: 3,
      sockets: 200,
      messagesPerSecond: 1_000,
      rest: 7_000,
      async prepare({ nats, broker }) {
        natsPort = await own.expose(nats.port)
        brokerPort = await own.expose(broker.port)
      },
      hostOf: (gateway) => (gateway === 3 ? own : undefined),
      natsUrlOf: (nats, gateway) => (gateway === 3 ? `nats://${own.hostAddress}:${natsPort}` : nats.url),
      brokerUrl: () => `mqtt://${own.hostAddress}:${brokerPort}`,
      faults: [
        fault('NATS unreachable', () => own.dropPort(natsPort), 9_000),
        fault('cable pulled', () => own.unplug(), 9_000),
        fault('5 % of packets lost', () => own.lose(5), 9_000),
      ],
    })
    report(result)
    expect(result).toMatchObject({ lost: 0, duplicated: 0 })
    for (const { fault: name, waited } of result.faults) expect(waited.p99, name).toBeLessThan(9)
  },
  180_000,
)
