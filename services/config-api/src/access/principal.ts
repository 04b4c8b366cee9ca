import type { ApiKey } from '@iomt/contracts/rest/api-key'

export type Role = ApiKey['role']

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 }

/** Whoever sends a request, from its API key. */
export interface Principal {
  readonly keyId: string
  readonly name: string
  readonly role: Role
  /** The only organization it may see and change; null: all. */
  readonly organizationId: string | null
}

/** Whether `role` may do what `needed` may do: viewer reads, operator also publishes, admin also changes. */
export function atLeast(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed]
}
