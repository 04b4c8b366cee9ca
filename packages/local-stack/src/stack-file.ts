import { rmSync } from 'node:fs'
import { type ProcessIds, writeAtomically } from './processes/process-file.ts'

/** `stack.json`: what scripts need to work with a running stack. */
export interface StackFile {
  readonly api_url: string
  /** Null when the admin key's file was removed and the database knows a key already. */
  readonly api_key: string | null
  readonly nats_url: string
  readonly mqtt_url: string
  readonly database_url: string
  readonly console_url: string | null
  readonly pids: ProcessIds
}

/** Written once everything is ready and again whenever a process id changes; mode 0600, it holds the API key. */
export function writeStackFile(path: string, stack: StackFile): void {
  writeAtomically(path, `${JSON.stringify(stack, null, 2)}\n`)
}

/** Its absence says that no stack runs; everything in it that outlives a stop is in files of its own. */
export function removeStackFile(path: string): void {
  rmSync(path, { force: true })
}
