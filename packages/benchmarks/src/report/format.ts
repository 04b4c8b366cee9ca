/** `12,345`, `12.3`, `1.23`: three figures that count, a dash for what was not measured. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 10 ? 1 : 2)
}

/** `1.23 ×` */
export const ratio = (value: number | undefined, of: number | undefined): string =>
  value === undefined || of === undefined || of === 0 ? '–' : `${figure(value / of)} ×`

export const megabytes = (bytes: number | undefined): string => (bytes === undefined ? '–' : figure(bytes / 1_048_576))

/** A Markdown table; numbers stand right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const alignment = header.map((_, column) => (column === 0 ? '---' : '---:'))
  return [line(header), line(alignment), ...rows.map(line)].join('\n')
}
