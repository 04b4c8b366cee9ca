import type { ConfigEntity } from '@iomt/contracts/subjects'
import type { Database } from '@iomt/database/connect'
import type { Schema } from '@iomt/database/schema'
import type { Transaction } from 'kysely'
import type { Actor } from '../changes/change.ts'

/** What every resource shows, besides its own fields. */
export interface ResourceView {
  readonly id: string
  readonly version: number
}

/** Where a page begins, and how long it is. */
export interface PageRequest {
  /** Id of the last item of the page before. */
  readonly after: string | null
  readonly limit: number
}

/**
 * One kind of resource: its queries. Every read takes the tenant, an organization id, or null for a caller who may see
 * all; a row of another tenant is a row that does not exist.
 */
export interface Resource<View extends ResourceView, Create, Patch, Filters> {
  readonly entity: ConfigEntity
  find(database: Database, id: string, tenant: string | null): Promise<View | undefined>
  /** Locks the row until the transaction ends; false when there is none. */
  lock(transaction: Transaction<Schema>, id: string, tenant: string | null): Promise<boolean>
  /** In order of id. */
  list(database: Database, filters: Filters, tenant: string | null, page: PageRequest): Promise<View[]>
  insert(transaction: Transaction<Schema>, id: string, fields: Create, actor: Actor): Promise<void>
  /** Writes the fields that are given and adds one to the version. */
  update(transaction: Transaction<Schema>, current: View, fields: Patch, actor: Actor): Promise<void>
  /** @throws Refusal `in-use` naming what is in the way. */
  remove(transaction: Transaction<Schema>, current: View): Promise<void>
}
