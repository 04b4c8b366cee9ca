import { compileMessage } from '@iomt/contracts/compile-message'
import type { Static, TSchema } from '@sinclair/typebox'

/** A message as its contract says, or what is wrong with it. */
export type Decoded<Value> = { readonly value: Value } | { readonly violation: string }

/** Reads JSON from the wire and checks it once against `schema`; nothing behind it looks again. */
export function createDecoder<Schema extends TSchema>(schema: Schema): (data: Uint8Array) => Decoded<Static<Schema>> {
  const check = createCheck(schema)
  return (data) => {
    const value = parsed(textOf(data))
    return value === undefined ? { violation: 'not JSON' } : check(value)
  }
}

export function createCheck<Schema extends TSchema>(schema: Schema): (value: unknown) => Decoded<Static<Schema>> {
  const compiled = compileMessage(schema)
  return (value) => {
    if (compiled.check(value)) return { value }
    const violations = compiled.violations(value, 3).map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`)
    return { violation: violations.join('; ') }
  }
}

export function textOf(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
}

/** Undefined, which no JSON is, when the text is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
