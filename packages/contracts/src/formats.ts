import { FormatRegistry } from '@sinclair/typebox'
import { parseInstant } from './instant.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * Teaches TypeBox's compiler the string formats that the contracts use. TypeBox ships none and refuses a schema with an
 * unknown one, so `compileSchema` calls this before it compiles. Calling it again changes nothing.
 */
export function registerFormats(): void {
  FormatRegistry.Set('uuid', (value) => UUID.test(value))
  FormatRegistry.Set('date-time', (value) => !Number.isNaN(parseInstant(value)))
}
