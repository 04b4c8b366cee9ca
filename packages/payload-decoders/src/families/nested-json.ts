import { doubt, isFilled, type Outcome, rejected } from '../draft.ts'
import type { Family } from '../family.ts'
import { assemble } from '../fields/assemble.ts'
import { findFields } from '../fields/find-fields.ts'
import type { Message, Scope } from '../message.ts'

/**
 * Any JSON whose names say what the values are: measurements one or more levels down, units in names or beside values, phases,
 * lists of outlets, lists of names and values. What has no telling name is left out.
 */
export const nestedJson: Family = {
  name: 'nested-json',
  version: 1,
  recognisedBy: 'fields whose names (or units beside them) say what they measure, at any depth',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object' && message.kind !== 'array') return null
    const found = findFields(message.kind === 'object' ? message.object : (message.value as readonly unknown[]))
    if (found.known === 0 && found.extras.length === 0 && !found.severalReadings) return null
    const outcome = assemble(found, message, scope)
    if (outcome.outcome !== 'reading' || isFilled(outcome)) return outcome
    if (found.doubts.some((name) => name.startsWith('invalid:'))) {
      return rejected('invalid-value', `no field has a usable value (${outcome.quality.join(', ')})`)
    }
    for (const name of found.doubts) doubt(outcome.quality, name)
    return outcome
  },
}
