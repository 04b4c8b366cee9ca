import type { PayloadConfig } from '@iomt/contracts/payload-config'
import type { Database } from '@iomt/database/connect'
import { compileMapping } from '@iomt/payload-decoders/mapping/compile-mapping'
import { sql } from 'kysely'
import { type FieldProblem, notFound, Refusal } from '../changes/refusal.ts'
import { requireTimeZone } from '../pdus/time-zone.ts'
import { effectivePayloadConfig } from './effective-payload-config.ts'

const MAX_PROBLEMS = 10

/** @throws Refusal with the place of everything in it that cannot work, although it fits the schema. */
export function checkPayloadConfig(config: PayloadConfig | null | undefined): void {
  if (!config) return
  requireTimeZone('/payload_config/timezone', config.timezone)
  const problems = payloadConfigProblems(config)
    .slice(0, MAX_PROBLEMS)
    .map(({ pointer, detail }) => ({ pointer: `/payload_config${pointer}`, detail }))
  if (problems.length === 0) return
  const sentences = problems.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}.`)
  throw new Refusal('invalid-request', sentences.join(' ').slice(0, 2_000), problems)
}

/** By JSON Pointer into the configuration. */
function payloadConfigProblems({ format = 'auto', mapping, profile }: PayloadConfig): FieldProblem[] {
  if (mapping === undefined) {
    const missing = format === 'mapping' && profile === undefined
    return missing ? [{ pointer: '/mapping', detail: 'is required by the format mapping' }] : []
  }
  if (format !== 'auto' && format !== 'mapping') {
    return [{ pointer: '/mapping', detail: `is not used with the format ${format}; leave one of them out` }]
  }
  const compiled = compileMapping(mapping)
  if (compiled.ok) return []
  return compiled.problems.map(({ pointer, detail }) => ({ pointer: `/mapping${pointer}`, detail }))
}

/**
 * Checks the configuration of a socket together with the profile that it refers to, and keeps that from being deleted or
 * changed until the socket is written.
 *
 * @throws Refusal `not-found` when the organization has no such profile.
 */
export async function checkSocketPayloadConfig(
  database: Database,
  config: PayloadConfig | null | undefined,
  organizationId: string,
): Promise<void> {
  checkPayloadConfig(config)
  if (config?.profile === undefined) return
  const shared = await readProfile(database, organizationId, config.profile)
  checkPayloadConfig(effectivePayloadConfig(config, shared))
}

/**
 * The configuration of a profile by id or name; inside a transaction it stays as it is until that ends.
 *
 * @throws Refusal `not-found`.
 */
export async function readProfile(
  database: Database,
  organizationId: string,
  reference: string,
): Promise<Record<string, unknown>> {
  const profile = await database
    .selectFrom('payload_profiles')
    .select('payload_config')
    .where('organization_id', '=', organizationId)
    .where(({ or, eb }) => or([eb(sql`id::text`, '=', reference), eb('name', '=', reference)]))
    .orderBy(sql`id::text = ${reference}`, 'desc')
    .limit(1)
    .forShare()
    .executeTakeFirst()
  if (!profile) throw notFound('payload profile', `or name ${reference}`, '/payload_config/profile')
  return profile.payload_config
}
