export type HistoryFormat = 'json' | 'csv' | 'ndjson'

export const EXPORT_MEDIA_TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const

const BY_ACCEPT: readonly [string, HistoryFormat][] = [
  ['application/json', 'json'],
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
]

/** The parameter counts; else the first type of `Accept` that is known here, without its weights. */
export function formatOf(parameter: HistoryFormat | undefined, accept: string | undefined): HistoryFormat {
  if (parameter !== undefined) return parameter
  for (const type of (accept ?? '').toLowerCase().split(',')) {
    const known = BY_ACCEPT.find(([name]) => type.trim().split(';')[0] === name)
    if (known) return known[1]
  }
  return 'json'
}
