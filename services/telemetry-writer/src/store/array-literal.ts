/**
 * Postgres array literals for `unnest`. The driver makes them too, by way of a generic conversion of every element; this
 * writes what the columns of a batch need and nothing else.
 */

/** Of values that need no quotes: numbers, booleans, UUIDs, timestamps that were checked before. Null and undefined: NULL. */
export function plainArray(values: readonly (string | number | boolean | null | undefined)[]): string {
  let literal = '{'
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) literal += ','
    const value = values[index]
    literal += value === null || value === undefined ? 'NULL' : value
  }
  return `${literal}}`
}

const SPECIAL = /["\\]/
const EVERY_SPECIAL = /["\\]/g

/** Of any text, such as JSON. Null: NULL. */
export function textArray(values: readonly (string | null)[]): string {
  let literal = '{'
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) literal += ','
    const value = values[index] as string | null
    if (value === null) literal += 'NULL'
    else literal += SPECIAL.test(value) ? `"${value.replace(EVERY_SPECIAL, '\\$&')}"` : `"${value}"`
  }
  return `${literal}}`
}
