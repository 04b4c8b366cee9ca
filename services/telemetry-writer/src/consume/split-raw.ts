/** Longer payloads are rare, and a number of thousands of digits is none that Postgres takes. */
const LONGEST = 4_096
const MARK = ',"raw":'

/** A flat object of texts without escapes and numbers without exponents, as most payloads are: JSON for certain. */
const NAME_AND_VALUE = String.raw`"[^"\\\u0000-\u001f]*":(?:"[^"\\\u0000-\u001f]*"|-?(?:0|[1-9]\d*)(?:\.\d+)?|true|false|null)`
const FLAT = new RegExp(`^\\{${NAME_AND_VALUE}(?:,${NAME_AND_VALUE})*\\}$`)

const [QUOTE, BACKSLASH, COMMA] = [34, 92, 44]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [123, 125, 91, 93]
const [UPPER_E, LOWER_E, ZERO, NINE] = [69, 101, 48, 57]

/**
 * Finds the payload in the text of a telemetry message, which need not be parsed to be stored: the gateway writes `raw` last.
 * What stands before `from` is known to hold no `raw`.
 * Null for any text where that cannot be seen at a glance; whether it and what stands before it are JSON is left to who reads
 * them.
 *
 * `{"v":1,"raw":{"voltage":230}}` has `{"voltage":230}` after the first 6 characters, which are the message but for a `}`.
 */
export function splitRaw(text: string, from = 0): { readonly restEnd: number; readonly rawJson: string } | null {
  // The first mark: one inside an object before it leaves a rest that is no JSON.
  const mark = text.indexOf(MARK, from)
  const start = mark + MARK.length
  const end = text.length - 1
  if (mark === -1 || end - start > LONGEST || text.charCodeAt(end) !== CLOSE_BRACE) return null
  const rawJson = text.slice(start, end)
  const isOne = FLAT.test(rawJson) || isOneValue(text, start, end)
  return isOne ? { restEnd: mark, rawJson } : null
}

/** The message without its payload, null when {@link splitRaw} finds none. */
export function withoutRaw(text: string): string | null {
  const parts = splitRaw(text)
  return parts && `${text.slice(0, parts.restEnd)}}`
}

/**
 * One value of any form, by its quotes and brackets, which takes three times as long: nothing follows it, and no number in it has an
 * exponent, which may be out of range.
 */
function isOneValue(text: string, start: number, end: number): boolean {
  let depth = 0
  let quoted = false
  for (let index = start; index < end; index += 1) {
    const code = text.charCodeAt(index)
    if (quoted) {
      if (code === BACKSLASH) index += 1
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) quoted = true
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1
      if (depth < 0) return false
    } else if (code === COMMA && depth === 0) return false
    else if ((code === LOWER_E || code === UPPER_E) && isDigit(text.charCodeAt(index - 1))) return false
  }
  return depth === 0 && !quoted
}

const isDigit = (code: number) => code >= ZERO && code <= NINE
