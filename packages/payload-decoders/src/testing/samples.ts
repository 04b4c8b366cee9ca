import { readdirSync, readFileSync } from 'node:fs'
import type { Measurements } from '@iomt/contracts/measurements'

/** What a sample means, as `fixtures/README.md` defines it. */
export interface Expectation {
  readonly topic_example: string
  readonly partial: boolean
  readonly measurements?: Measurements
  readonly phases?: readonly Measurements[]
  /** One entry an outlet. */
  readonly channels?: readonly Measurements[]
  readonly channel?: number
  readonly extra?: Record<string, unknown>
  readonly must_be_absent?: readonly string[]
  readonly timestamp: string | null
  readonly timestamp_zone?: string
  readonly availability?: 'online' | 'offline'
  readonly decoded?: { readonly metrics: Record<string, number> }
  readonly unmapped?: readonly number[]
  readonly with_mapping?: { readonly columns: readonly string[]; readonly measurements: Measurements }
}

export interface Sample {
  /** `tasmota-pow-sensor` */
  readonly name: string
  readonly topic: string
  readonly payload: Buffer
  readonly expected: Expectation
}

const FIXTURES = new URL('../../fixtures/', import.meta.url)

/** Real messages of every family (fixtures/SOURCES.md says where from) with their meaning. */
export function readSamples(): readonly Sample[] {
  return readdirSync(FIXTURES)
    .filter((file) => /\.(?:json|txt)$/.test(file) && !file.endsWith('.expect.json'))
    .map((file) => {
      const stem = file.replace(/\.(?:json|txt)$/, '')
      const text = readFileSync(new URL(file, FIXTURES))
      const expected = JSON.parse(readFileSync(new URL(`${stem}.expect.json`, FIXTURES), 'utf8')) as Expectation
      const payload = stem.endsWith('.b64') ? Buffer.from(text.toString('latin1'), 'base64') : text
      return { name: stem.replace(/\.b64$/, ''), topic: expected.topic_example, payload, expected }
    })
}
