import { AMBIGUOUS, type Unit, unitOf } from '../units.ts'
import { type Atom, FOREIGN_WORDS, LETTERS, OUTLET_WORDS, WORDS } from './vocabulary.ts'

/** Keys longer than this name nothing that is known. */
const LONGEST_KEY = 100
/** Words are at most four tokens long: `total` `active` `power` is two words, `power` `Factor` one. */
const LONGEST_WORD = 4

const SEPARATORS = /[\s_\-./:,;()[\]|]+/
const TOKENS = /[A-Z]+(?![a-zà-ÿ])|[A-Z]?[a-zà-ÿąćęłńśźż]+|\d+|[α-ωφ]+|[%°℃℉]+[CF]?/g
const UNIT_SYMBOL = /^[a-zA-Zµ%°℃℉]{2,6}$/

interface Token {
  readonly text: string
  /** Tokens of different parts are never joined to a unit: `a_h` is not Ah. */
  readonly part: number
}

const WORDS_KEPT = 4_000
const wordsKept = new Map<string, readonly Atom[]>()

/** The words of a key, the longest known one first: `outlet1_powerFactor` -> outlet, 1, power factor. Kept for each key. */
export function wordsOfKey(key: string): readonly Atom[] {
  const known = wordsKept.get(key)
  if (known !== undefined) return known
  const words = readWords(key)
  // Hostile payloads must not fill the memory; one that tries costs what computing costs, nothing more.
  if (wordsKept.size >= WORDS_KEPT) wordsKept.clear()
  if (key.length <= 64) wordsKept.set(key, words)
  return words
}

function readWords(key: string): readonly Atom[] {
  if (key.length > LONGEST_KEY) return [{ kind: 'unknown' }]
  const parts = key.split(SEPARATORS).filter((part) => part !== '')
  const tokens = parts.flatMap((part, index) => tokensOf(part, index, parts.length))
  const atoms: Atom[] = []
  let at = 0
  while (at < tokens.length) {
    const [atom, length] = longestWord(tokens, at, key)
    atoms.push(atom)
    at += length
  }
  return atoms
}

const foreignKept = new Map<string, boolean>()

/** True for a key whose object holds no measurement of the mains: radio, battery, limits, settings. */
export function isForeign(key: string): boolean {
  const known = foreignKept.get(key)
  if (known !== undefined) return known
  const foreign = readForeign(key)
  if (foreignKept.size >= WORDS_KEPT) foreignKept.clear()
  if (key.length <= 64) foreignKept.set(key, foreign)
  return foreign
}

function readForeign(key: string): boolean {
  if (key.length > LONGEST_KEY) return true
  const lower = key.toLowerCase()
  if (FOREIGN_WORDS.has(lower)) return true
  return key
    .split(SEPARATORS)
    .some((part) => (part.match(TOKENS) ?? []).some((token) => FOREIGN_WORDS.has(token.toLowerCase())))
}

function tokensOf(part: string, index: number, parts: number): Token[] {
  // A unit that stands alone, or behind a separator, is read in its own case: `MW` and `mW` differ.
  const whole = UNIT_SYMBOL.test(part) && !WORDS.has(part.toLowerCase()) && unitOf(part) !== null
  if (whole && (index > 0 || parts === 1)) return [{ text: part, part: index }]
  return (part.match(TOKENS) ?? [part]).map((text) => ({ text, part: index }))
}

function longestWord(tokens: readonly Token[], at: number, key: string): readonly [Atom, number] {
  for (let length = Math.min(LONGEST_WORD, tokens.length - at); length > 1; length -= 1) {
    const joined = tokens.slice(at, at + length)
    const text = joined.map((token) => token.text).join('')
    const word = WORDS.get(text.toLowerCase())
    if (word) return [word, length]
    const within = joined.every((token) => token.part === joined[0]?.part)
    const unit = within && at > 0 ? unitInKey(text, key) : null
    if (unit) return [{ kind: 'unit', unit }, length]
  }
  return [single((tokens[at] as Token).text, at, tokens.length, key), 1]
}

/**
 * The unit that a part of a key is. Where the key writes every word with a capital, an `M` may be mega or milli; only
 * `currentMa` and `voltageMv` are milli, since no socket has megaamperes.
 */
function unitInKey(text: string, key: string): Unit | null {
  const unit = UNIT_SYMBOL.test(text) ? unitOf(text) : null
  if (unit === null || !text.startsWith('M') || !needsCapital(text, key)) return unit
  return text === 'Ma' || text === 'Mv' ? unitOf(text.toLowerCase()) : AMBIGUOUS
}

/** True for `MW` in `POWER_MW` and `Mw` in `powerMw` and `Power_Mw`, not in `power_MW`, `powerMW` or `power_Mw`. */
function needsCapital(text: string, key: string): boolean {
  if (text === key) return false
  if (!/[a-z]/.test(key)) return true
  const parts = key.split(SEPARATORS)
  const hasChoice = parts.includes(text) && parts.some((part) => /^[a-z]/.test(part))
  return /^M[a-z]+$/.test(text) && !hasChoice
}

function single(text: string, at: number, count: number, key: string): Atom {
  if (/^\d+$/.test(text)) return { kind: 'number', text: String(Number(text)) }
  const lower = text.toLowerCase()
  if (text.length === 1) {
    const measurement = at === 0 ? LETTERS.get(lower) : undefined
    if (measurement) return { kind: 'letter', measurement, phase: null }
    return WORDS.get(lower) ?? (at > 0 ? { kind: 'suffix', letter: lower } : { kind: 'unknown' })
  }
  const word = WORDS.get(lower)
  if (word) return word
  if (OUTLET_WORDS.has(lower)) return { kind: 'outlet' }
  if (count === 1) {
    const letterAndPhase = /^([uipqv])([abc])$/.exec(lower)
    const measurement = letterAndPhase && lower !== 'va' ? LETTERS.get(letterAndPhase[1] as string) : undefined
    if (measurement) return { kind: 'letter', measurement, phase: phaseOf(letterAndPhase?.[2] as string) }
  }
  const unit = unitInKey(text, key)
  return unit ? { kind: 'unit', unit } : { kind: 'unknown' }
}

/** a, b, c or r, s, t: the first, second or third phase. */
export function phaseOf(letter: string): 'l1' | 'l2' | 'l3' | null {
  if (letter === 'a' || letter === 'r') return 'l1'
  if (letter === 'b' || letter === 's') return 'l2'
  return letter === 'c' || letter === 't' ? 'l3' : null
}
