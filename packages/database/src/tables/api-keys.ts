import type { ColumnType } from 'kysely'

export interface ApiKeysTable {
  id: string
  name: string
  /** SHA-256 of the key; keys hold 256 random bits, so a slow hash would add nothing. */
  key_hash: Buffer
  /** First characters, so that people can tell keys apart. */
  prefix: string
  role: 'viewer' | 'operator' | 'admin'
  /** Null: every organization. */
  organization_id: string | null
  created_at: ColumnType<Date, never, never>
  expires_at: Date | null
  revoked_at: Date | null
  last_used_at: Date | null
}
