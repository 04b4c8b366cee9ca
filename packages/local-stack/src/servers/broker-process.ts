import type { ProcessDefinition, SupervisedProcess } from '../processes/supervised-process.ts'
import type { StackDirectory } from '../stack-directory.ts'
import { nodeProcess } from './node-process.ts'

/** A gateway needs a tenth of a second; one that has just got thousands of sockets, many. */
export const DRAIN_PATIENCE = { idle: 5_000, whole: 30_000 }

/** The MQTT broker of a stack that has no other. */
export function mqttBroker(directory: StackDirectory, port: number): ProcessDefinition {
  return nodeProcess({
    name: 'mqtt-broker',
    directory,
    main: import.meta.resolve('./mqtt-broker.main.ts'),
    env: { PORT: String(port) },
    readyLine: 'listening on',
  })
}

/** Cuts the devices off and waits for the gateways; resolves with what to tell when messages are left, else null. */
export async function drainBroker(broker: SupervisedProcess): Promise<string | null> {
  if (broker.pid === null) return null
  const left = await broker.ask('drain', DRAIN_PATIENCE.whole + 1_000)
  if (left === 0) return null
  const what = typeof left === 'number' ? `${left} acknowledged messages are` : 'acknowledged messages may be'
  return `${what} lost: no gateway took them from the broker before it had to stop`
}
