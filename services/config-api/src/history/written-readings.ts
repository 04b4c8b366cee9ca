import type { TextRow } from '../readings/text-rows.ts'

/** Characters of a piece: some 120 readings, few enough to stay in the processor's cache until they are bytes. */
const PIECE = 65_536

/** How readings become text. */
export interface ReadingForm {
  write(row: TextRow): string
  /** Between two of them. */
  readonly separator: string
}

/** At most `limit` readings as UTF-8, each written when its row comes and not when all are there. */
export interface WrittenReadings {
  /** Rows beyond the limit are only counted. */
  add(row: TextRow): void
  /** How many were added. */
  rows(): number
  /** The last that was written. */
  last(): TextRow | null
  pieces(): readonly Buffer[]
}

export function createWrittenReadings({ write, separator }: ReadingForm, limit: number): WrittenReadings {
  const pieces: Buffer[] = []
  let text = ''
  let rows = 0
  let last: TextRow | null = null
  const close = () => {
    if (text !== '') pieces.push(Buffer.from(text))
    text = ''
  }
  return {
    add(row) {
      rows += 1
      if (rows > limit) return
      text += last === null ? write(row) : separator + write(row)
      last = row
      if (text.length >= PIECE) close()
    },
    rows: () => rows,
    last: () => last,
    pieces() {
      close()
      return pieces
    },
  }
}
