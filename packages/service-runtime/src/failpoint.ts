import { Type } from '@sinclair/typebox'
import { ConfigurationError } from './parse-environment.ts'

/** Variables of a service that has failpoints; tests set them, nobody else. */
export const FailpointEnvironment = {
  FAILPOINTS: Type.String({ default: 'disabled', pattern: '^(enabled|disabled)$', description: 'tests only' }),
  FAILPOINT: Type.Optional(Type.String({ description: 'tests only; needs FAILPOINTS=enabled' })),
  FAILPOINT_AFTER: Type.Integer({ default: 0, minimum: 0, description: 'tests only: passes before it strikes' }),
}

interface FailpointConfig {
  readonly FAILPOINTS: string
  readonly FAILPOINT?: string
  readonly FAILPOINT_AFTER: number
}

/** Counts passes; kills the process when there were more than `FAILPOINT_AFTER`. */
export type Failpoint = (passes: number) => void

/**
 * A place in the code where a test can have the process killed at its worst moment, by name. SIGKILL: no handler runs
 * and nothing is flushed, as when the machine takes the process.
 *
 * @throws ConfigurationError when a failpoint is set without `FAILPOINTS=enabled`, so that none slips into production.
 */
export function createFailpoint(name: string, config: FailpointConfig): Failpoint {
  if (config.FAILPOINT !== undefined && config.FAILPOINTS !== 'enabled') {
    throw new ConfigurationError('FAILPOINT is set without FAILPOINTS=enabled: refusing to start with a built-in crash')
  }
  if (config.FAILPOINT !== name) return () => {}
  let total = 0
  return (passes) => {
    total += passes
    if (total > config.FAILPOINT_AFTER) process.kill(process.pid, 'SIGKILL')
  }
}
