import type { SupervisedProcess } from './processes/supervised-process.ts'
import { drainBroker } from './servers/broker-process.ts'

/** Milliseconds each process gets to end in order; the writer needs the longest, it stores what it holds. */
export const PATIENCE = 12_000

const SERVERS = ['nats-server', 'mqtt-broker', 'postgres']

/**
 * Publishers first, then what reads from NATS, then the servers: nothing loses its server while it finishes its work. And the
 * broker's queues, which end with it, are emptied while there are gateways to take what it has acknowledged.
 */
export async function stopInOrder(
  processes: readonly SupervisedProcess[],
  warn: (line: string) => void,
): Promise<void> {
  const stop = (test: (name: string) => boolean) =>
    Promise.all(processes.filter(({ name }) => test(name)).map((one) => one.stop(PATIENCE)))
  await stop((name) => name === 'ward')
  const broker = processes.find(({ name }) => name === 'mqtt-broker')
  const loss = broker ? await drainBroker(broker) : null
  if (loss) warn(loss)
  await stop((name) => name.startsWith('mqtt-gateway') || name === 'config-api')
  await stop((name) => name.startsWith('telemetry-writer'))
  await stop((name) => SERVERS.includes(name))
}
