import { fork } from 'node:child_process'
import { costs, type NamedProcesses, startUsageMeter, type UsageMeter } from './usage-meter.ts'

/** What a task counted. */
export interface TaskOutput {
  readonly messages: number
  readonly seconds: number
}

export interface TaskResult extends TaskOutput {
  readonly rate: number
  /** CPU microseconds a message: of the task itself as `client`, and of the processes it was run against. */
  readonly cpuMicroseconds: Readonly<Record<string, number>>
  /** Cores that went to programs of no part in this. */
  readonly otherCores: number
}

type TaskAnswer = { readonly kind: 'ready' } | { readonly kind: 'done'; readonly output: TaskOutput }

/** In the forked process: does the work once the benchmark gives the input, and ends. */
export function serveForkedTask<Input>(work: (input: Input) => Promise<TaskOutput>): void {
  const answer = (message: TaskAnswer) => void process.send?.(message)
  process.on('disconnect', () => process.exit())
  process.once('message', (input: Input) => {
    work(input).then(
      (output) => answer({ kind: 'done', output }),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
  answer({ kind: 'ready' })
}

/** Runs a task in a process of its own and measures it and `servers` meanwhile; its start-up does not count. */
export async function runForkedTask<Input extends object>(
  main: URL,
  input: Input,
  servers: NamedProcesses,
): Promise<TaskResult> {
  const child = fork(main, { stdio: 'inherit', serialization: 'advanced' })
  try {
    return await new Promise((resolve, reject) => {
      let meter: UsageMeter | undefined
      child.once('error', reject)
      child.once('exit', (code, signal) =>
        reject(new Error(`${main.pathname} ended (${signal ?? `exit code ${code}`})`)),
      )
      child.on('message', (answer: TaskAnswer) => {
        if (answer.kind === 'ready') {
          meter = startUsageMeter({ client: child.pid ?? -1, ...servers })
          child.send(input)
        } else {
          const { messages, seconds } = answer.output
          const { usage, otherCores } = meter?.stop() ?? { usage: {}, otherCores: 0 }
          resolve({ messages, seconds, rate: messages / seconds, cpuMicroseconds: costs(usage, messages), otherCores })
        }
      })
    })
  } finally {
    child.kill()
  }
}
