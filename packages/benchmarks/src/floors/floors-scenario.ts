import type { TaskResult } from '../measure/forked-task.ts'
import { measureBrokerFloor } from './broker-floor.ts'
import { type CopyFloors, measureCopyFloors } from './copy-floor.ts'
import { measureJetstreamFloor } from './jetstream-floor.ts'

/** What the parts could do if the product cost nothing. */
export interface FloorsResult {
  readonly broker: TaskResult
  readonly jetstream: TaskResult
  readonly copy: CopyFloors
}

/** Messages on their way to JetStream at once. */
const JETSTREAM_WINDOW = 1_024

export async function runFloorsScenario(seconds: number, say: (line: string) => void): Promise<FloorsResult> {
  say(`floors: broker alone, ${seconds} s`)
  const broker = await measureBrokerFloor(seconds, loadTopics())
  say(`floors: ${describe(broker)}`)
  say(`floors: JetStream publish, ${seconds} s`)
  const jetstream = await measureJetstreamFloor(seconds, JETSTREAM_WINDOW)
  say(`floors: ${describe(jetstream)}`)
  say(`floors: binary COPY, ${seconds} s each`)
  const copy = await measureCopyFloors(seconds)
  say(`floors: straight ${describe(copy.plain)}; idempotent ${describe(copy.idempotent)}`)
  return { broker, jetstream, copy }
}

/** 40 PDUs of 25 sockets, like the pipeline's. */
function loadTopics(): string[][] {
  return Array.from({ length: 40 }, (_, pdu) =>
    Array.from({ length: 25 }, (_, socket) => `clinic/ward-${pdu % 4}/room-${pdu}/socket${socket + 1}`),
  )
}

function describe({ rate, cpuMicroseconds }: TaskResult): string {
  const cpu = Object.entries(cpuMicroseconds).map(([name, value]) => `${name} ${value.toFixed(1)}`)
  return `${Math.round(rate)}/s, CPU µs a message: ${cpu.join(', ')}`
}
