import type { TopicProblem } from '@iomt/contracts/rest/topics'
import { type TopicPart, topicLengthProblem, topicPartProblem } from '@iomt/contracts/topics'

export const DEFAULT_BASE_TEMPLATE = '{organization}/{department}/{building}/{floor}/{pdu}'
export const DEFAULT_SUFFIX_TEMPLATE = 'socket{number}'

/** What a placeholder may stand for; a value that is missing is null or not there. */
export type TemplateValues = ReadonlyMap<string, string | number | null>

/** A template of one level after the other, each literal text and placeholders. */
export type TopicTemplate = readonly (readonly (string | Placeholder)[])[]

interface Placeholder {
  readonly name: string
  /** Digits to pad a number to. */
  readonly width: number
}

export interface FilledTemplate {
  /** Null when nothing of it is left. */
  readonly topic: string | null
  /** Placeholders without a value; their levels are missing. */
  readonly leftOut: string[]
}

const PLACEHOLDER = /^\{([A-Za-z][\w.-]{0,99})(?::0?([1-9]))?\}$/
const TOKENS = /\{[^{}]*\}|[^{}]+|[{}]/g
/** Letters that no decomposition brings down to a plain one. */
const FOLDED: Readonly<Record<string, string>> = {
  đ: 'd',
  ø: 'o',
  ł: 'l',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ð: 'd',
  þ: 'th',
  ı: 'i',
}

/** The template, or what is wrong with it. */
export function parseTemplate(text: string): TopicTemplate | { problem: string } {
  const levels = text.split('/')
  const parsed: (string | Placeholder)[][] = []
  for (const level of levels) {
    if (level === '') return { problem: 'must not hold an empty level, nor begin or end with a slash' }
    const parts: (string | Placeholder)[] = []
    for (const token of level.match(TOKENS) ?? []) {
      const match = PLACEHOLDER.exec(token)
      if (match) parts.push({ name: match[1] as string, width: Number(match[2] ?? 1) })
      else if (/[{}]/.test(token))
        return { problem: `has ${token} where a placeholder such as {pdu} or {number:02} should be` }
      else parts.push(token)
    }
    parsed.push(parts)
  }
  return parsed
}

/** Fills in the values, made safe for topics. A level in which a value is missing is left out. */
export function fillTemplate(template: TopicTemplate, values: TemplateValues): FilledTemplate {
  const leftOut: string[] = []
  const levels: string[] = []
  for (const parts of template) {
    let level: string | null = ''
    for (const part of parts) {
      const text = typeof part === 'string' ? part : textOf(part, values)
      if (text === '') leftOut.push((part as Placeholder).name)
      level = text === '' || level === null ? null : level + text
    }
    if (level !== null) levels.push(level)
  }
  return { topic: levels.length === 0 ? null : levels.join('/'), leftOut: [...new Set(leftOut)] }
}

/** A value as a level of a topic: plain small letters and digits where there are, `-` for what is none. */
export function topicSafe(value: string): string {
  return value
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .replace(/[đøłßæœðþı]/g, (letter) => FOLDED[letter] ?? letter)
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/-{2,}/g, '-')
    .replace(/^-+|-+$/g, '')
}

/** What keeps a generated part from being used. `base` null: of a base topic. */
export function generatedProblems(
  part: TopicPart,
  filled: FilledTemplate,
  refuseMissing: boolean,
  base: string | null = null,
): TopicProblem[] {
  const pointer = `/${part}`
  const problems: TopicProblem[] = []
  if (refuseMissing && filled.leftOut.length > 0) {
    problems.push({ pointer, detail: `has no value for ${filled.leftOut.join(', ')}` })
  }
  if (filled.topic === null) {
    const missing = filled.leftOut.join(', ')
    problems.push({ pointer, detail: `would be empty: there is no value for ${missing}` })
    return problems
  }
  const problem = topicPartProblem(part, filled.topic)
  if (problem) problems.push({ pointer, detail: problem.replace(`${part} `, '') })
  if (part === 'mqtt_base_topic' && filled.topic.length > 255)
    problems.push({ pointer, detail: `has ${filled.topic.length} characters, at most 255 are allowed` })
  const tooLong = base === null ? null : topicLengthProblem(`${base}/${filled.topic}`)
  if (tooLong) problems.push({ pointer, detail: tooLong })
  return problems
}

function textOf({ name, width }: Placeholder, values: TemplateValues): string {
  const value = values.get(name)
  if (value === null || value === undefined) return ''
  const text = topicSafe(String(value))
  return /^\d+$/.test(text) ? text.padStart(width, '0') : text
}
