/** The part of a V8 `.cpuprofile` that is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  /** Node on top of the stack at each sample. */
  readonly samples: readonly number[]
  /** Microseconds between a sample and the one before. */
  readonly timeDeltas: readonly number[]
}

export interface FunctionTime {
  /** `decode (packages/payload-decoders/src/decode.ts:17)` */
  readonly name: string
  /** Milliseconds in the function itself, without what it called. */
  readonly selfTime: number
  /** Of the time in which the process was not idle. */
  readonly share: number
}

/** The functions with the most self time, most first. */
export function topFunctions(profile: CpuProfile, count: number): FunctionTime[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  for (const [index, node] of profile.samples.entries()) {
    const name = names.get(node) ?? '(unknown)'
    if (name !== '(idle)') times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1_000)
  }
  const busy = [...times.values()].reduce((total, time) => total + time, 0)
  return [...times]
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([name, selfTime]) => ({ name, selfTime, share: selfTime / busy }))
}

/** Files by their path inside the workspace or their package, so that a report names no place of a machine. */
function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName || '(anonymous)'
  if (url === '') return name
  const file = url.replace(/^.*\/node_modules\//, '').replace(/^file:\/\/.*\/(packages|services)\//, '$1/')
  return `${name} (${file}:${lineNumber + 1})`
}
