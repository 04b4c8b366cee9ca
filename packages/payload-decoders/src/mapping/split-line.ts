/** The values of a line of CSV (RFC 4180: quotes around values that hold the separator, doubled inside). */
export function splitLine(line: string, separator: string): readonly string[] {
  if (!line.includes('"')) return line.split(separator)
  const values: string[] = []
  let value = ''
  let quoted = false
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at] as string
    if (quoted) {
      if (sign !== '"') value += sign
      else if (line[at + 1] === '"') {
        value += '"'
        at += 1
      } else quoted = false
    } else if (sign === '"' && value.trim() === '') {
      quoted = true
      value = ''
    } else if (sign === separator) {
      values.push(value)
      value = ''
    } else value += sign
  }
  values.push(value)
  return values
}
