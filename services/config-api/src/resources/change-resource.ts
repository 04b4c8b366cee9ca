import type { Database } from '@iomt/database/connect'
import type { Schema } from '@iomt/database/schema'
import type { Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import { type Actor, inTransaction, recordChange } from '../changes/change.ts'
import { notFound, Refusal } from '../changes/refusal.ts'
import type { Resource, ResourceView } from './resource.ts'

/** The versions that `If-Match` allows; null: any. */
export type ExpectedVersions = readonly number[] | null

export async function createResource<View extends ResourceView, Create>(
  database: Database,
  resource: Resource<View, Create, never, never>,
  fields: Create,
  actor: Actor,
): Promise<View> {
  return await inTransaction(database, async (transaction) => {
    const id = newId()
    await resource.insert(transaction, id, fields, actor)
    const after = await requireResource(transaction, resource, id, actor.organizationId)
    await recordChange(
      transaction,
      { entity: resource.entity, action: 'created', id, version: 1, pduId: pduIdOf(after), before: null, after },
      actor,
    )
    return after
  })
}

export async function updateResource<View extends ResourceView, Patch>(
  database: Database,
  resource: Resource<View, never, Patch, never>,
  id: string,
  fields: Patch,
  expected: ExpectedVersions,
  actor: Actor,
): Promise<View> {
  return await inTransaction(database, (transaction) =>
    updateWithin(transaction, resource, id, fields, expected, actor),
  )
}

/** The same inside a transaction that does more. */
export async function updateWithin<View extends ResourceView, Patch>(
  transaction: Transaction<Schema>,
  resource: Resource<View, never, Patch, never>,
  id: string,
  fields: Patch,
  expected: ExpectedVersions,
  actor: Actor,
): Promise<View> {
  const before = await lockResource(transaction, resource, id, expected, actor.organizationId)
  await resource.update(transaction, before, fields, actor)
  const after = await requireResource(transaction, resource, before.id, actor.organizationId)
  await recordChange(
    transaction,
    {
      entity: resource.entity,
      action: 'updated',
      id: before.id,
      version: after.version,
      pduId: pduIdOf(after),
      before,
      after,
    },
    actor,
  )
  return after
}

export async function deleteResource<View extends ResourceView>(
  database: Database,
  resource: Resource<View, never, never, never>,
  id: string,
  expected: ExpectedVersions,
  actor: Actor,
): Promise<void> {
  await inTransaction(database, async (transaction) => {
    const before = await lockResource(transaction, resource, id, expected, actor.organizationId)
    await resource.remove(transaction, before)
    await recordChange(
      transaction,
      {
        entity: resource.entity,
        action: 'deleted',
        id: before.id,
        // One above the last version of the row, so that "keep the highest version" also orders the deletion.
        version: before.version + 1,
        pduId: pduIdOf(before),
        before,
        after: null,
      },
      actor,
    )
  })
}

export async function requireResource<View extends ResourceView>(
  database: Database,
  resource: Pick<Resource<View, never, never, never>, 'entity' | 'find'>,
  id: string,
  tenant: string | null,
): Promise<View> {
  const view = await resource.find(database, id, tenant)
  if (!view) throw notFound(resource.entity, id)
  return view
}

async function lockResource<View extends ResourceView>(
  transaction: Transaction<Schema>,
  resource: Resource<View, never, never, never>,
  id: string,
  expected: ExpectedVersions,
  tenant: string | null,
): Promise<View> {
  if (!(await resource.lock(transaction, id, tenant))) throw notFound(resource.entity, id)
  return await requireVersion(transaction, resource, id, expected, tenant)
}

/** @throws Refusal `stale-version` when the resource, already locked, is at none of the expected versions. */
export async function requireVersion<View extends ResourceView>(
  transaction: Transaction<Schema>,
  resource: Pick<Resource<View, never, never, never>, 'entity' | 'find'>,
  id: string,
  expected: ExpectedVersions,
  tenant: string | null,
): Promise<View> {
  const current = await requireResource(transaction, resource, id, tenant)
  if (expected !== null && !expected.includes(current.version)) {
    throw new Refusal(
      'stale-version',
      `The ${resource.entity} is at version ${current.version}; read it again and repeat the change.`,
    )
  }
  return current
}

function pduIdOf(view: ResourceView): string | null {
  return 'pdu_id' in view && typeof view.pdu_id === 'string' ? view.pdu_id : null
}
