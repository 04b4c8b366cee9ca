import { invalidField } from '../changes/refusal.ts'

/** @throws Refusal unless it is an IANA name such as `Asia/Ho_Chi_Minh`; offsets like `+07:00` know no summer time. */
export function requireTimeZone(pointer: string, name: string | undefined): void {
  if (name === undefined) return
  if (!/^[A-Za-z]/.test(name) || !isKnown(name)) {
    throw invalidField(pointer, 'must be an IANA time zone name, for example Asia/Ho_Chi_Minh or UTC')
  }
}

function isKnown(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
