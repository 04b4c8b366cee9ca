import type { ConfigAction, ConfigEntity } from '@iomt/contracts/subjects'
import type { Database } from '@iomt/database/connect'
import type { Schema } from '@iomt/database/schema'
import { sql, type Transaction } from 'kysely'
import pg from 'pg'
import { v7 as newId } from 'uuid'
import { refusalOf } from './postgres-refusal.ts'

/** Channel on which replicas tell each other that the outbox has rows. */
export const OUTBOX_CHANNEL = 'iomt_outbox'

/** Who makes a change, from the API key of the request. */
export interface Actor {
  /** Name of the API key. */
  readonly name: string
  /** The only organization it may see, or null for all. */
  readonly organizationId: string | null
  readonly requestId: string
}

/** One change of one resource, as the audit log and the subscribers get it. */
export interface Change {
  readonly entity: ConfigEntity
  readonly action: ConfigAction
  readonly id: string
  readonly version: number
  /** Of a socket. */
  readonly pduId: string | null
  /** The resource as `GET` shows it, null when it did not exist. */
  readonly before: object | null
  readonly after: object | null
}

/** serialization_failure, deadlock_detected: the transaction was undone and may simply run again. */
const REPEATABLE = new Set(['40001', '40P01'])
const MAX_ATTEMPTS = 4

/**
 * Runs a transaction that changes resources; repeats it when Postgres chose it as the victim of a deadlock. A broken
 * constraint becomes the refusal it stands for.
 */
export async function inTransaction<Result>(
  database: Database,
  work: (transaction: Transaction<Schema>) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.transaction().execute(work)
    } catch (error) {
      const repeatable = error instanceof pg.DatabaseError && REPEATABLE.has(error.code ?? '')
      if (!repeatable || attempt === MAX_ATTEMPTS) throw refusalOf(error) ?? error
    }
  }
}

/** Writes the audit entry and the outbox row of a change, in the transaction of the change. */
export async function recordChange(transaction: Transaction<Schema>, change: Change, actor: Actor): Promise<void> {
  await recordChanges(transaction, [change], actor)
}

/** The same of several changes, at most 1,000. */
export async function recordChanges(
  transaction: Transaction<Schema>,
  changes: readonly Change[],
  actor: Actor,
): Promise<void> {
  await recordAudit(transaction, changes, actor)
  await transaction
    .insertInto('outbox')
    .values(
      changes.map(({ entity, action, id, version, pduId, after }) => ({
        id: newId(),
        entity,
        action,
        entity_id: id,
        entity_version: version,
        pdu_id: pduId,
        resource: action === 'deleted' ? null : textOf(after),
      })),
    )
    .execute()
  // Delivered when the transaction commits, dropped when it rolls back.
  await sql`select pg_notify(${OUTBOX_CHANNEL}, '')`.execute(transaction)
}

/** What the audit log keeps of a change. */
export interface AuditedChange extends Pick<Change, 'id' | 'before' | 'after'> {
  readonly entity: ConfigEntity | 'replay' | 'api-key'
  /** A command to a device is `published`, a configuration that is tried `tested`, a key that is revoked `deleted`. */
  readonly action: ConfigAction | 'published' | 'tested'
  /** Null: it has no versions. */
  readonly version: number | null
}

/** The audit entries alone, of what is no configuration and concerns no gateway. */
export async function recordAudit(
  database: Database,
  changes: readonly AuditedChange[],
  actor: Pick<Actor, 'name' | 'requestId'>,
): Promise<void> {
  await database
    .insertInto('audit_log')
    .values(
      changes.map(({ entity, action, id, version, before, after }) => ({
        id: newId(),
        actor: actor.name,
        action,
        entity,
        entity_id: id,
        version,
        before: textOf(before),
        after: textOf(after),
        request_id: actor.requestId,
      })),
    )
    .execute()
}

function textOf(resource: object | null): string | null {
  return resource === null ? null : JSON.stringify(resource)
}
