import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CpuProfile, type FunctionTime, topFunctions } from './top-functions.ts'

export interface ProcessProfile {
  /** `mqtt-gateway-1` */
  readonly process: string
  readonly top: readonly FunctionTime[]
}

/** The profiles that services left in a directory at their end. */
export function readProfiles(directory: string, count: number): ProcessProfile[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.cpuprofile'))
    .sort()
    .map((file) => {
      const profile = JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile
      return { process: file.replace(/\.cpuprofile$/, ''), top: topFunctions(profile, count) }
    })
}

export function profileText({ process, top }: ProcessProfile): string {
  const lines = top.map(
    ({ name, selfTime, share }) =>
      `${(share * 100).toFixed(1).padStart(6)} % ${selfTime.toFixed(0).padStart(7)} ms  ${name}`,
  )
  return [`${process}: most self time while busy`, ...lines].join('\n')
}
