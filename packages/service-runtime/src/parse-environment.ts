import type { Static, TObject } from '@sinclair/typebox'
import { envSchema } from 'env-schema'

/** The environment cannot be used; the message names each variable, what is wrong and what is allowed. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/**
 * Reads the variables that `schema` names, applies its defaults, turns numbers and booleans from text and freezes the
 * result. Strict: a value that does not fit is an error, never a silent default.
 *
 * @throws ConfigurationError naming each variable at fault; never shows a value, since it may be a secret.
 */
export function parseEnvironment<Schema extends TObject>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): Readonly<Static<Schema>> {
  // An empty variable (`PORT=`) is what compose files give for "not set".
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  try {
    return Object.freeze(envSchema<Static<Schema>>({ schema, data: given, dotenv: false, env: false }))
  } catch (error) {
    const errors = (
      error as { errors?: Array<{ instancePath?: string; message?: string; params?: { missingProperty?: string } }> }
    ).errors
    if (!errors) throw error
    const lines = errors.map((violation) => {
      const name = violation.params?.missingProperty ?? violation.instancePath?.replace(/^\//, '') ?? '?'
      const description = schema.properties[name]?.description
      const problem = violation.params?.missingProperty ? 'is not set' : (violation.message ?? 'is not valid')
      return `  ${name} ${problem}${description ? ` (${description})` : ''}`
    })
    throw new ConfigurationError(`The environment is not usable:\n${lines.join('\n')}`)
  }
}
