import type { TObject } from '@sinclair/typebox'

type Row = { created_at: Date; updated_at: Date }
type View<Stored extends Row> = Omit<Stored, keyof Row> & { created_at: string; updated_at: string }

/**
 * A row as `GET` shows it, its times as text; for tables whose columns have the names of the fields of `shown`. A column that is no
 * field stays out of answers, events and the audit log: a newer version may have added it, with whatever it holds.
 */
export function rowView<Stored extends Row>(shown: TObject, row: Stored): View<Stored> {
  const view = { ...row, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }
  const fields = Object.entries(view).filter(([name]) => Object.hasOwn(shown.properties, name))
  return Object.fromEntries(fields) as View<Stored>
}
