/** One line of CSV (RFC 4180), with its end. */
export function csvLine(cells: readonly (string | number | boolean | null | undefined)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/** Spreadsheets run a text that begins like this as a formula (OWASP, CSV injection); an apostrophe makes it text. */
const FORMULA = /^[=+\-@\t\r]/
const NEEDS_QUOTES = /[",\r\n]/

function csvCell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return ''
  // Numbers are ours: a minus sign is one.
  if (typeof value !== 'string') return Number.isNaN(value) ? '' : String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
