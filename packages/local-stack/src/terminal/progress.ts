import pc from 'picocolors'

export type Colours = ReturnType<typeof pc.createColors>

export function coloursFor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): Colours {
  return pc.createColors(stream.isTTY === true && !environment['NO_COLOR'])
}

/** Lines for the person who waits: seconds since the start, and what is done. */
export interface Progress {
  say(line: string): void
  /** Something went wrong or came back. */
  warn(line: string): void
}

export function createProgress(write: (text: string) => void, colours: Colours, now: () => number): Progress {
  const startedAt = now()
  const stamp = () => colours.dim(`[${((now() - startedAt) / 1_000).toFixed(1).padStart(5)} s]`)
  return {
    say: (line) => write(`${stamp()} ${line}\n`),
    warn: (line) => write(`${stamp()} ${colours.yellow(line)}\n`),
  }
}
