import { fileURLToPath } from 'node:url'
import type { ProcessDefinition } from '../processes/supervised-process.ts'
import type { StackDirectory } from '../stack-directory.ts'

const OF_THE_MACHINE = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'SystemRoot']

export interface NodeProcessOptions {
  readonly name: string
  readonly directory: StackDirectory
  /** Absolute path or URL of its main file. */
  readonly main: string
  readonly env: Readonly<Record<string, string>>
  readonly readyLine: string
  readonly ready?: () => Promise<boolean>
  readonly tellsProgress?: boolean
}

/** A Node process of the stack: ends with its supervisor, and shows whose it is by the stack's directory on its command line. */
export function nodeProcess(options: NodeProcessOptions): ProcessDefinition {
  const { name, directory, main, env, ...readiness } = options
  return {
    name,
    command: process.execPath,
    args: ['--import', import.meta.resolve('../processes/end-with-parent.ts'), pathOf(main), directory.root],
    // Only what it is meant to have: a variable of the person's shell must not configure a service.
    env: { ...inherited(OF_THE_MACHINE), NODE_COMPILE_CACHE: directory.compileCache, ...env },
    watchesParent: true,
    stopSignal: 'SIGTERM',
    ...readiness,
  }
}

function pathOf(main: string): string {
  return main.startsWith('file:') ? fileURLToPath(main) : main
}

/** Those of these variables that are set. */
export function inherited(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** Whether `GET url` answers 200. */
export async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  await response.body?.cancel()
  return response.status === 200
}
