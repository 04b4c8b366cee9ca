import { isUtf8 } from 'node:buffer'
import type { DecodeContext, Rejection } from './decoded-payload.ts'
import type { JsonObject, Message } from './message.ts'
import { parseSafeJson } from './safe-json.ts'

const NO_FIELDS: JsonObject = {}
const OPENING_BRACE = 0x7b
const OPENING_BRACKET = 0x5b
/** Sparkplug's namespace, for which a payload is binary even when its bytes happen to be text. */
const SPARKPLUG = /(?:^|\/)spBv1\.0\/(?!STATE\/)/
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/

/** What the bytes of a message are; a rejection when they are nothing that every later stage can keep. */
export function readMessage(payload: Uint8Array, context: DecodeContext): Message | Rejection {
  if (payload.length === 0) return { reason: 'payload-empty', detail: 'the payload is empty' }
  if (context.topic.includes('spBv1.0/') && SPARKPLUG.test(context.topic))
    return message('binary', null, '', payload, context)
  const first = firstByte(payload)
  if (first === OPENING_BRACE || first === OPENING_BRACKET) {
    const parsed = parseSafeJson(payload)
    if (!parsed.ok) return parsed.rejection
    return message(first === OPENING_BRACE ? 'object' : 'array', parsed.value, parsed.text, payload, context)
  }
  if (!isUtf8(payload)) return message('binary', null, '', payload, context)
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')
  if (CONTROL.test(text)) return message('binary', null, '', payload, context)
  const scalar = scalarOf(text.trim())
  return scalar === undefined
    ? message('text', text, text, payload, context)
    : message('value', scalar, text, payload, context)
}

function message(
  kind: Message['kind'],
  value: unknown,
  text: string,
  payload: Uint8Array,
  { topic, relativeTopic, receivedAt }: DecodeContext,
): Message {
  return {
    kind,
    object: kind === 'object' ? (value as JsonObject) : NO_FIELDS,
    value,
    text,
    payload,
    topic,
    relativeTopic: relativeTopic ?? null,
    receivedAt,
  }
}

function firstByte(payload: Uint8Array): number | undefined {
  for (let index = 0; index < payload.length; index += 1) {
    const byte = payload[index] as number
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte
  }
  return undefined
}

/** A JSON value that is neither an object nor an array; undefined when the text is none. */
function scalarOf(text: string): number | string | boolean | null | undefined {
  switch (text) {
    case 'null':
      return null
    case 'true':
      return true
    case 'false':
      return false
    default:
  }
  if (JSON_NUMBER.test(text)) {
    const number = Number(text)
    return Number.isFinite(number) ? number : undefined
  }
  if (!text.startsWith('"') || !text.endsWith('"')) return undefined
  const parsed = parseSafeJson(Buffer.from(text))
  return parsed.ok && typeof parsed.value === 'string' ? parsed.value : undefined
}

/** The payload as JSON text: as published when it is an object or a list, else a string, else `{"base64": "…"}`. */
export function rawJsonOf({ kind, text, payload }: Message): string {
  if (kind === 'object' || kind === 'array') return text
  if (kind !== 'binary') return JSON.stringify(text)
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return `{"base64":"${bytes.toString('base64')}"}`
}
