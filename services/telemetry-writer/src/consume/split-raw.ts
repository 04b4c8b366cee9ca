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
 * The payload in the text of a telemetry message, which need not be parsed to be stored: the gateway writes `raw` last. It begins at
 * `start` and ends before the last `}`.
 * Null for any text where that cannot be seen at a glance; whether it and what stands before it are JSON is left to who reads
 * them.
 */
export function rawFrom(text: string, start: number): string | null {
  const end = text.length - 1
  if (end - start > LONGEST || text.charCodeAt(end) !== CLOSE_BRACE) return null
  const rawJson = text.slice(start, end)
  return FLAT.test(rawJson) || isOneValue(text, start, end) ? rawJson : null
}

/**
 * The message without its payload, null when {@link rawFrom} finds none: `{"v":1}` of `{"v":1,"raw":{"voltage":230}}`.
 */
export function withoutRaw(text: string): string | null {
  // The first mark: one inside an object before it leaves a rest that is no JSON.
  const mark = text.indexOf(MARK)
  return mark === -1 || rawFrom(text, mark + MARK.length) === null ? null : `${text.slice(0, mark)}}`
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
