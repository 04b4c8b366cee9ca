import type { PayloadConfig } from '@iomt/contracts/payload-config'
import { availabilityOf } from './availability.ts'
import type { DecodeContext, DecodeResult, Rejection } from './decoded-payload.ts'
import { isTimeZone } from './device-clock.ts'
import { type Draft, doubt, type Outcome } from './draft.ts'
import { type Explanation, explainResult } from './explanation.ts'
import { decoderName, type Family } from './family.ts'
import { compileMapping, MAPPING, type MappedDecoder } from './mapping/compile-mapping.ts'
import type { DecoderMemory, Message, Scope } from './message.ts'
import { judge } from './plausibility.ts'
import { rawJsonOf, readMessage } from './read-message.ts'
import { FAMILIES, LAST_RESORTS } from './registry.ts'
import { createSparkplugBirths } from './sparkplug/births.ts'
import { electricalLimits } from './specifications.ts'

/** Largest payload that is decoded, in bytes; larger ones are dead letters. */
export const DEFAULT_MAX_PAYLOAD_BYTES = 256 * 1024

export interface SocketDecoderSettings {
  readonly payloadConfig: PayloadConfig | null
  /** IANA zone of the PDU, for clocks that name none; `payloadConfig.timezone` comes first. */
  readonly timezone: string
  /** The PDU's `specifications`: rated voltage, phases and maximum current are looked for in it. */
  readonly specifications?: unknown
  readonly maxPayloadBytes?: number
}

/** Decodes the messages of one socket. */
export interface SocketDecoder {
  /** Turns the bytes of one MQTT message into a reading, or says what else it is. Never throws, whatever the bytes. */
  decode(payload: Uint8Array, context: DecodeContext): DecodeResult
  /** Which decoder reads a message and why; changes nothing. Slow. */
  explain(payload: Uint8Array, context: DecodeContext): Explanation
  /** What its messages have taught it. */
  readonly memory: DecoderMemory
}

/**
 * A decoder for one socket. What its configuration says is worked out here, once; what its messages teach (which vendor they are
 * from, which outlets there are, Sparkplug's births) is kept in its memory. `before`: the decoder of the configuration before this
 * one, whose births still hold; they come once, and the rest comes again.
 */
export function createSocketDecoder(settings: SocketDecoderSettings, before?: SocketDecoder): SocketDecoder {
  const births = before?.memory.births ?? createSparkplugBirths()
  return createDecoder(settings, { outlets: new Set(), family: null, births })
}

function createDecoder(settings: SocketDecoderSettings, memory: DecoderMemory): SocketDecoder {
  const { payloadConfig, maxPayloadBytes = DEFAULT_MAX_PAYLOAD_BYTES } = settings
  const scope = scopeOf(settings, memory)
  const format = payloadConfig?.format ?? 'auto'
  const mapping = payloadConfig?.mapping && (format === 'auto' || format === 'mapping') ? payloadConfig.mapping : null
  const mapped = mapping === null ? null : compileMapping(mapping)
  const forced = FAMILIES.find(({ name }) => name === format) ?? null
  const expected = expectedMeasurements(payloadConfig)
  let remembered: Family | null = null

  function decode(payload: Uint8Array, context: DecodeContext): DecodeResult {
    if (payload.length > maxPayloadBytes) {
      const detail = `the payload has ${payload.length} bytes, at most ${maxPayloadBytes} are decoded`
      return { ok: false, rejection: { reason: 'payload-too-large', detail } }
    }
    const message = readMessage(payload, context)
    if ('reason' in message) return { ok: false, rejection: message }
    const online = availabilityOf(message)
    if (online !== null) return availability(online)
    if (mapped !== null) return decodeMapped(mapped, message)
    if (forced !== null) {
      return finish(forced.read(message, scope), decoderName(forced), message, () => mismatch(forced))
    }
    if (remembered !== null) {
      const outcome = remembered.read(message, scope)
      if (outcome !== null) return finish(outcome, decoderName(remembered), message, nothingKnown)
    }
    for (const family of FAMILIES) {
      if (family === remembered) continue
      const outcome = family.read(message, scope)
      if (outcome === null) continue
      if (outcome.outcome === 'reading') {
        remembered = LAST_RESORTS.has(family) ? null : family
        memory.family = family.name
      }
      return finish(outcome, decoderName(family), message, nothingKnown)
    }
    return finish(null, '', message, nothingKnown)
  }

  function decodeMapped(compiled: ReturnType<typeof compileMapping>, message: Message): DecodeResult {
    if (!compiled.ok) {
      const detail = compiled.problems.map((problem) => `${problem.pointer} ${problem.detail}`).join('; ')
      return { ok: false, rejection: { reason: 'unsupported-payload', detail: `the mapping is invalid: ${detail}` } }
    }
    const decoder: MappedDecoder = compiled.decoder
    return finish(decoder.read(message, scope), MAPPING, message, nothingKnown)
  }

  function finish(
    outcome: Outcome | null,
    decoder: string,
    message: Message,
    rejection: (message: Message) => Rejection,
  ): DecodeResult {
    if (outcome === null) return { ok: false, rejection: rejection(message) }
    switch (outcome.outcome) {
      case 'reading':
        return { ok: true, reading: readingOf(outcome, decoder), rawJson: rawJsonOf(message) }
      case 'rejected':
        return { ok: false, rejection: { reason: outcome.reason, detail: outcome.detail } }
      case 'status':
        return { ok: 'status', online: outcome.online, decoder, detail: outcome.detail }
      case 'ignored':
        return { ok: 'ignored', reason: outcome.reason, detail: outcome.detail }
      default:
        return outcome
    }
  }

  function readingOf(draft: Draft, decoder: string) {
    judge(draft, scope.limits)
    if (expected !== null && !draft.partial) {
      for (const name of expected) {
        if (draft.measurements[name] === undefined) doubt(draft.quality, `missing:${name}`)
      }
    }
    const { measurements, phases, extra, quality, measuredAt, partial } = draft
    return { measurements, phases, extra, quality, measuredAt, partial, decoder }
  }

  return {
    decode,
    memory,
    explain(payload, context) {
      const trial = createDecoder(settings, { ...memory, outlets: new Set(memory.outlets) })
      return explainResult(trial.decode(payload, context), payload, context, { forced, mapping, scope })
    },
  }
}

function scopeOf({ payloadConfig, timezone, specifications }: SocketDecoderSettings, memory: DecoderMemory): Scope {
  const zone = [payloadConfig?.timezone, timezone].find((name) => name !== undefined && isTimeZone(name))
  const channel = payloadConfig?.channel
  return {
    timezone: zone ?? 'UTC',
    channel: channel === undefined ? null : String(channel),
    limits: electricalLimits(specifications),
    memory,
  }
}

function expectedMeasurements(config: PayloadConfig | null) {
  const expected = config?.expected
  const names = Array.isArray(expected) ? expected : expected?.measurements
  return names === undefined || names.length === 0 ? null : names
}

const availability = (online: boolean): DecodeResult => ({
  ok: 'status',
  online,
  decoder: 'availability@1',
  detail: `the device says that it is ${online ? 'online' : 'offline'}`,
})

const mismatch = (family: Family): Rejection => ({
  reason: 'unsupported-payload',
  detail: `payload_config.format is ${family.name}, and the message is none: it needs ${family.recognisedBy}`,
})

/** Why nobody reads a message. */
function nothingKnown({ kind, value, object, payload, text }: Message): Rejection {
  if (kind === 'object') {
    const found = Object.keys(object).slice(0, 10).join(', ') || 'none'
    return { reason: 'no-known-field', detail: `none of the fields is known (found: ${found.slice(0, 300)})` }
  }
  if (kind === 'binary') {
    if (payload.includes(0) && isText(payload)) {
      return { reason: 'nul-character', detail: 'the text holds a NUL character' }
    }
    return { reason: 'invalid-utf8', detail: 'the payload is neither valid UTF-8 text nor a known binary format' }
  }
  if (kind === 'text' && /^["{[]/.test(text.trim())) return { reason: 'invalid-json', detail: 'not JSON' }
  const what = kind === 'array' ? 'a list' : kind === 'text' ? 'text' : value === null ? 'null' : `a ${typeof value}`
  const hint = 'on a topic that names no measurement: set payload_config.mapping'
  return { reason: 'unsupported-payload', detail: `found ${what} ${hint}` }
}

function isText(payload: Uint8Array): boolean {
  return payload.every((byte) => byte === 0 || byte >= 0x20)
}
