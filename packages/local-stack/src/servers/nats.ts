import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { ProcessDefinition } from '../processes/supervised-process.ts'
import type { StackDirectory } from '../stack-directory.ts'

/** A nats-server with JetStream, its store in the stack's directory. */
export function natsDefinition(directory: StackDirectory, port: number, command: string): ProcessDefinition {
  const configFile = join(directory.nats, 'nats.conf')
  return {
    name: 'nats-server',
    command,
    args: ['-c', configFile],
    env: { PATH: process.env['PATH'] ?? '', ...processorsOfNats(availableParallelism(), process.env['GOMAXPROCS']) },
    watchesParent: false,
    stopSignal: 'SIGTERM',
    prepare: () => writeFileSync(configFile, configuration(directory, port), { mode: 0o600 }),
    readyLine: 'Server is ready',
  }
}

/**
 * One of two processors, unless the environment says otherwise: Go's threads that look for work would take the other from
 * the services (measured on two: 6 to 35 % more readings a second; half the time to a subscriber at 3,000 a second).
 */
export function processorsOfNats(available: number, wanted: string | undefined): Record<string, string> {
  if (wanted !== undefined) return { GOMAXPROCS: wanted }
  return available <= 2 ? { GOMAXPROCS: '1' } : {}
}

/** The limits of the streams are reservations that JetStream adds up; nothing of it is taken from the disk in advance. */
function configuration(directory: StackDirectory, port: number): string {
  return `# Written at every start.
listen: "127.0.0.1:${port}"
server_name: iomt-local
max_payload: 8MB
max_pending: 64MB
jetstream {
  store_dir: ${JSON.stringify(join(directory.nats, 'store'))}
  max_memory_store: 256MB
  max_file_store: 200GB
}
`
}
