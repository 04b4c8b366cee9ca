/** A row with its times as text; for tables whose columns are what `GET` shows. */
export function rowView<Row extends { created_at: Date; updated_at: Date }>(row: Row) {
  return { ...row, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }
}
