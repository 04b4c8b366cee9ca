import type pg from 'pg'

/** Every row of every table as text, by table; partitions count with their parent. */
export async function tableContents(pool: pg.Pool, except: readonly string[] = []): Promise<Map<string, string>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select relname as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where nspname = 'public' and relkind in ('r', 'p') and not relispartition order by 1`,
  )
  const contents = new Map<string, string>()
  for (const { name } of tables) {
    if (except.includes(name)) continue
    const { rows } = await pool.query<{ text: string }>(`select to_jsonb(t)::text as text from "${name}" t order by 1`)
    contents.set(name, rows.map(({ text }) => text).join('\n'))
  }
  return contents
}
