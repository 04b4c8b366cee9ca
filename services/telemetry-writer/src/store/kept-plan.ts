/** Above this many rows, planning is a small part of the work, and a plan that knows their number is the faster one. */
const LARGE_BATCH = 500

/** A statement as `client.query` of pg takes it. */
export type Statement = string | { readonly name: string; readonly text: string }

/**
 * Postgres parses and plans a wide statement for about a millisecond, whatever the number of rows, so a small batch's
 * is kept on its connection under `name` (one text a name). Postgres stops planning it anew from its sixth use on.
 */
export function keptPlan(name: string, text: string, rows: number): Statement {
  return rows > LARGE_BATCH ? text : { name, text }
}
