import type { PayloadMapping } from '@iomt/contracts/payload-mapping'
import type { DecodeContext, DecodeResult } from './decoded-payload.ts'
import { decoderName, type Family } from './family.ts'
import type { Scope } from './message.ts'
import { readMessage } from './read-message.ts'
import { FAMILIES } from './registry.ts'

/** Why a message is read as it is. */
export interface Explanation {
  /** `tasmota@1`; null when nobody reads it. */
  readonly decoder: string | null
  /** In order, for a person. */
  readonly reasons: readonly string[]
}

interface Configured {
  readonly forced: Family | null
  readonly mapping: PayloadMapping | null
  readonly scope: Scope
}

const KINDS = {
  object: 'a JSON object',
  array: 'a JSON list',
  value: 'a single JSON value',
  text: 'text',
  binary: 'binary data',
} as const

/** Explains a result: what the payload is, who was asked, who recognised it and by what. */
export function explainResult(
  result: DecodeResult,
  payload: Uint8Array,
  context: DecodeContext,
  { forced, mapping, scope }: Configured,
): Explanation {
  const message = readMessage(payload, context)
  const reasons: string[] = []
  reasons.push(
    'reason' in message ? message.detail : `the payload is ${KINDS[message.kind]} of ${payload.length} bytes`,
  )
  const decoder = result.ok === true ? result.reading.decoder : result.ok === 'status' ? result.decoder : null
  if (mapping !== null) reasons.push('payload_config.mapping says what is what; nothing is detected')
  else if (forced !== null) {
    reasons.push(`payload_config.format forces ${decoderName(forced)}; it is recognised by ${forced.recognisedBy}`)
  } else if (decoder !== null) {
    const chosen = FAMILIES.findIndex((family) => decoderName(family) === decoder)
    const asked = FAMILIES.slice(0, Math.max(0, chosen)).map(({ name }) => name)
    if (asked.length > 0) reasons.push(`not recognised by ${asked.join(', ')}`)
    const family = FAMILIES[chosen]
    if (family) reasons.push(`${decoder} recognised it by ${family.recognisedBy}`)
  }
  if (result.ok === false) reasons.push(result.rejection.detail)
  else if (result.ok === 'ignored' || result.ok === 'status') reasons.push(result.detail)
  else if (scope.channel !== null) reasons.push(`payload_config.channel is ${scope.channel}`)
  return { decoder, reasons }
}
