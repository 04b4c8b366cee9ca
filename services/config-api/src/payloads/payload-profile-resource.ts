import {
  PayloadProfile,
  type PayloadProfileCreate,
  type PayloadProfilePatch,
  type PayloadProfileQuery,
} from '@iomt/contracts/rest/payload-profile'
import type { Database } from '@iomt/database/connect'
import type { Schema } from '@iomt/database/schema'
import { sql, type Transaction } from 'kysely'
import { type Actor, recordChanges } from '../changes/change.ts'
import { Refusal } from '../changes/refusal.ts'
import { requireOrganization } from '../resources/require-parent.ts'
import type { Resource } from '../resources/resource.ts'
import { rowView } from '../resources/row-view.ts'
import { type SocketRow, selectSockets, socketView } from '../sockets/socket-row.ts'
import { effectivePayloadConfig } from './effective-payload-config.ts'
import { checkPayloadConfig } from './payload-config-check.ts'

/** Sockets whose change is recorded by one statement. */
const CHUNK = 1_000

export const payloadProfileResource: Resource<
  PayloadProfile,
  PayloadProfileCreate,
  PayloadProfilePatch,
  PayloadProfileQuery
> = {
  entity: 'payload-profile',

  async find(database, id, tenant) {
    const row = await select(database, tenant).where('id', '=', id).executeTakeFirst()
    return row && rowView(PayloadProfile, row)
  },

  async lock(transaction, id, tenant) {
    return (await select(transaction, tenant).where('id', '=', id).forUpdate().executeTakeFirst()) !== undefined
  },

  async list(database, filters, tenant, page) {
    let query = select(database, tenant).orderBy('id').limit(page.limit)
    if (page.after !== null) query = query.where('id', '>', page.after)
    if (filters.organization_id !== undefined) query = query.where('organization_id', '=', filters.organization_id)
    if (filters.name !== undefined) query = query.where('name', '=', filters.name)
    return (await query.execute()).map((row) => rowView(PayloadProfile, row))
  },

  async insert(transaction, id, fields, actor) {
    checkPayloadConfig(fields.payload_config)
    await requireOrganization(transaction, fields.organization_id, actor.organizationId)
    const { organization_id, name, description = null, payload_config: config } = fields
    await transaction
      .insertInto('payload_profiles')
      .values({ id, organization_id, name, description, payload_config: JSON.stringify(config) })
      .execute()
  },

  async update(transaction, current, fields, actor) {
    checkPayloadConfig(fields.payload_config)
    if (fields.name !== undefined && fields.name !== current.name) {
      await refuseWhileReferredTo(transaction, current, [current.name], 'has this name in')
    }
    const { payload_config: config, ...rest } = fields
    await transaction
      .updateTable('payload_profiles')
      .set({
        ...rest,
        ...(config === undefined ? {} : { payload_config: JSON.stringify(config) }),
        version: sql`version + 1`,
        updated_at: sql`now()`,
      })
      .where('id', '=', current.id)
      .execute()
    if (config !== undefined) await changeSockets(transaction, current, config, actor)
  },

  async remove(transaction, current) {
    await refuseWhileReferredTo(transaction, current, [current.id, current.name], 'is used by')
    await transaction.deleteFrom('payload_profiles').where('id', '=', current.id).execute()
  },
}

function select(database: Database, tenant: string | null) {
  const query = database.selectFrom('payload_profiles').selectAll()
  return tenant === null ? query : query.where('organization_id', '=', tenant)
}

function referringSockets(database: Database, { organization_id }: PayloadProfile, references: string[]) {
  return selectSockets(database, organization_id).where(
    sql<string>`sockets.payload_config ->> 'profile'`,
    'in',
    references,
  )
}

async function refuseWhileReferredTo(
  transaction: Transaction<Schema>,
  profile: PayloadProfile,
  references: string[],
  relation: string,
): Promise<void> {
  const sockets = await referringSockets(transaction, profile, references).execute()
  if (sockets.length === 0) return
  const some = sockets.slice(0, 5).map((row) => `socket ${row.socket_number} of PDU ${row.pdu_code}`)
  const more = sockets.length > some.length ? ` and ${sockets.length - some.length} more` : ''
  throw new Refusal(
    'in-use',
    `The profile ${relation} the payload_config of ${some.join(', ')}${more}; change it there first (PATCH /sockets/:id), or refer to it by id.`,
  )
}

/**
 * A changed profile is a change of every socket that refers to it: a new version, with its event and audit entry.
 *
 * @throws Refusal naming the first of them that cannot work with what the profile becomes.
 */
async function changeSockets(
  transaction: Transaction<Schema>,
  profile: PayloadProfile,
  config: PayloadProfile['payload_config'],
  actor: Actor,
): Promise<void> {
  const before = await referringSockets(transaction, profile, [profile.id, profile.name])
    .orderBy('sockets.id')
    .forUpdate('sockets')
    .execute()
  for (const socket of before) checkSocketWith(socket, config)
  for (let start = 0; start < before.length; start += CHUNK) {
    const rows = before.slice(start, start + CHUNK)
    const ids = rows.map(({ id }) => id)
    await transaction
      .updateTable('sockets')
      .set({ version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', 'in', ids)
      .execute()
    const after = await selectSockets(transaction, null).where('sockets.id', 'in', ids).execute()
    const views = new Map(after.map((row) => [row.id, socketView(row)]))
    const changes = rows.map((row) => ({
      entity: 'socket' as const,
      action: 'updated' as const,
      id: row.id,
      version: row.version + 1,
      pduId: row.pdu_id,
      before: socketView(row),
      after: views.get(row.id) ?? null,
    }))
    await recordChanges(transaction, changes, actor)
  }
}

/** Each may be right alone, and wrong together: `mapping` as the format of the socket, and no mapping in the profile. */
function checkSocketWith(socket: SocketRow, shared: PayloadProfile['payload_config']): void {
  try {
    checkPayloadConfig(effectivePayloadConfig(socket.payload_config, shared))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { socket_number: number, pdu_code: pduCode } = socket
    throw new Refusal(
      'in-use',
      `The profile is used by socket ${number} of PDU ${pduCode}, and together with what that one says itself: ${error.message}`,
      error.fields,
    )
  }
}
