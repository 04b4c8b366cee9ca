import { FormatRegistry } from '@sinclair/typebox'
import { parseInstant } from './instant.ts'

/**
 * Teaches TypeBox's compiler the string formats that the contracts use. TypeBox ships none and refuses a schema with an
 * unknown one, so `compileSchema` calls this before it compiles. Calling it again changes nothing.
 */
export function registerFormats(): void {
  FormatRegistry.Set('uuid', isUuid)
  FormatRegistry.Set('date-time', (value) => !Number.isNaN(parseInstant(value)))
}

/** A UUID of any version in its usual text. A regular expression takes six times as long, and each message has six of them. */
export function isUuid(value: string): boolean {
  if (value.length !== 36) return false
  for (let index = 0; index < 36; index += 1) {
    const code = value.charCodeAt(index)
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (code !== HYPHEN) return false
    } else if (HEX[code] !== 1) return false
  }
  return true
}

const HYPHEN = 45
/** By character code; what is beyond its end is none either. */
const HEX = new Uint8Array(128)
for (const digit of '0123456789abcdefABCDEF') HEX[digit.charCodeAt(0)] = 1
