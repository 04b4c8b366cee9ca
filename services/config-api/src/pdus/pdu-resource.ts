import { MAX_DOCUMENT_BYTES } from '@iomt/contracts/rest/fields'
import { Pdu, type PduCreate, type PduPatch, type PduQuery } from '@iomt/contracts/rest/pdu'
import { topicPartProblem } from '@iomt/contracts/topics'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { type BrokerChanges, mergeBroker } from '../broker-block/broker-changes.ts'
import { BROKER_COLUMNS } from '../broker-block/broker-row.ts'
import { brokerView } from '../broker-block/broker-view.ts'
import { invalidField } from '../changes/refusal.ts'
import { refuseWhileUsed } from '../resources/refuse-while-used.ts'
import { requireDepartment, requireOrganization } from '../resources/require-parent.ts'
import type { Resource } from '../resources/resource.ts'
import { rowView } from '../resources/row-view.ts'
import { checkTopicsOfPdu } from '../sockets/topic-check.ts'
import { requireTimeZone } from './time-zone.ts'

export type PduResource = Resource<Pdu, PduCreate, PduPatch & TopicsCheckedLater, PduQuery>

/** Set by a caller who changes several topics in one transaction and checks all of them at its end. */
interface TopicsCheckedLater {
  readonly topicsCheckedLater?: true
}

export function createPduResource(vault: Vault): PduResource {
  return {
    entity: 'pdu',

    async find(database, id, tenant) {
      const row = await select(database, tenant).where('id', '=', id).executeTakeFirst()
      return row && viewOf(row)
    },

    async lock(transaction, id, tenant) {
      return (await select(transaction, tenant).where('id', '=', id).forUpdate().executeTakeFirst()) !== undefined
    },

    async list(database, filters, tenant, page) {
      let query = select(database, tenant).orderBy('id').limit(page.limit)
      if (page.after !== null) query = query.where('id', '>', page.after)
      for (const column of ['organization_id', 'department_id', 'code'] as const) {
        const value = filters[column]
        if (value !== undefined) query = query.where(column, '=', value)
      }
      return (await query.execute()).map(viewOf)
    },

    async insert(transaction, id, fields, actor) {
      checkFields(fields)
      await requireOrganization(transaction, fields.organization_id, actor.organizationId)
      if (fields.department_id) await requireDepartment(transaction, fields.department_id, fields.organization_id)
      const context = { organizationId: fields.organization_id, owner: `pdu:${id}` } as const
      const { organization_id, code, name } = fields
      await transaction
        .insertInto('power_distribution_units')
        .values({ id, organization_id, code, name, ...columnsOf(fields), ...mergeBroker(null, fields, vault, context) })
        .execute()
    },

    async update(transaction, current, fields) {
      checkFields(fields)
      if (fields.department_id) await requireDepartment(transaction, fields.department_id, current.organization_id)
      const stored = await transaction
        .selectFrom('power_distribution_units')
        .select(BROKER_COLUMNS)
        .where('id', '=', current.id)
        .executeTakeFirstOrThrow()
      const context = { organizationId: current.organization_id, owner: `pdu:${current.id}` } as const
      const broker: BrokerChanges = mergeBroker(stored, fields, vault, context)
      await transaction
        .updateTable('power_distribution_units')
        .set({
          ...(fields.code !== undefined ? { code: fields.code } : {}),
          ...(fields.name !== undefined ? { name: fields.name } : {}),
          ...columnsOf(fields),
          ...broker,
          version: sql`version + 1`,
          updated_at: sql`now()`,
        })
        .where('id', '=', current.id)
        .execute()
      const movesTopics =
        fields.mqtt_base_topic !== undefined ||
        fields.mqtt_broker_host !== undefined ||
        fields.mqtt_broker_port !== undefined
      if (movesTopics && !fields.topicsCheckedLater) await checkTopicsOfPdu(transaction, current.id)
    },

    async remove(transaction, { id }) {
      await refuseWhileUsed(transaction, 'PDU', [{ what: 'sockets', table: 'sockets', column: 'pdu_id', id }])
      await transaction.deleteFrom('power_distribution_units').where('id', '=', id).execute()
    },
  }
}

function select(database: Database, tenant: string | null) {
  const query = database.selectFrom('power_distribution_units').selectAll()
  return tenant === null ? query : query.where('organization_id', '=', tenant)
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>

function viewOf(row: Row): Pdu {
  return { ...rowView(Pdu, row), ...brokerView(row) }
}

function checkFields(fields: PduPatch): void {
  requireTimeZone('/timezone', fields.timezone)
  const problem = fields.mqtt_base_topic ? topicPartProblem('mqtt_base_topic', fields.mqtt_base_topic) : null
  if (problem) throw invalidField('/mqtt_base_topic', problem.replace('mqtt_base_topic ', ''))
  for (const name of ['location', 'specifications'] as const) {
    if (Buffer.byteLength(JSON.stringify(fields[name] ?? {})) <= MAX_DOCUMENT_BYTES) continue
    throw invalidField(`/${name}`, `must be at most ${MAX_DOCUMENT_BYTES} bytes as JSON`)
  }
}

/** The columns beside code, name and broker block; JSON as text. */
function columnsOf(fields: PduPatch) {
  return {
    ...(fields.department_id !== undefined ? { department_id: fields.department_id } : {}),
    ...(fields.location !== undefined ? { location: JSON.stringify(fields.location) } : {}),
    ...(fields.specifications !== undefined ? { specifications: JSON.stringify(fields.specifications) } : {}),
    ...(fields.timezone !== undefined ? { timezone: fields.timezone } : {}),
    ...(fields.mqtt_base_topic !== undefined ? { mqtt_base_topic: fields.mqtt_base_topic } : {}),
  }
}
