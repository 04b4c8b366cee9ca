import type { MeasurementName } from '@iomt/contracts/measurements'
import type { TelemetryStreamQuery } from '@iomt/contracts/rest/telemetry-stream'
import type { Database } from '@iomt/database/connect'
import { notFound } from '../changes/refusal.ts'
import type { StreamFilter } from './stream-filter.ts'
import type { SubjectPlace } from './stream-subject.ts'

export interface ResolvedFilter {
  readonly filter: StreamFilter
  readonly place: SubjectPlace
}

/**
 * Looks up what the query names, so that a typing error is a 404 and not a silent stream, and a key that is bound to an
 * organization gets nothing of another one.
 *
 * @throws Refusal `not-found` naming the parameter.
 */
export async function resolveFilter(
  database: Database,
  query: TelemetryStreamQuery,
  measurements: readonly MeasurementName[] | null,
  tenant: string | null,
): Promise<ResolvedFilter> {
  const organizationId = query.organization_id ?? tenant
  if (tenant !== null && organizationId !== tenant) throw missing('organization', query.organization_id)
  const organization =
    organizationId === null
      ? null
      : await database
          .selectFrom('organizations')
          .select(['id', 'code', 'updated_at'])
          .where('id', '=', organizationId)
          .executeTakeFirst()
  if (organization === undefined) throw missing('organization', query.organization_id)
  const department = await findDepartment(database, query.department_id, tenant)
  const pdu = await findPdu(database, query.pdu_id, tenant)
  const socket = await findSocket(database, query.socket_id, tenant)
  const device = await findDevice(database, query.device_id, tenant)

  const code =
    organization?.code ?? socket?.organization_code ?? pdu?.organization_code ?? department?.organization_code
  const changes = [organization, department, pdu, socket].flatMap((row) => (row ? [row.updated_at.getTime()] : []))
  // The rows of parents that are only joined may have been renamed too.
  for (const row of [socket, pdu, department]) if (row) changes.push(row.parents_updated_at.getTime())
  return {
    filter: {
      organization_id: organization?.id ?? null,
      department_id: department?.id ?? null,
      pdu_id: pdu?.id ?? null,
      socket_id: socket?.id ?? null,
      device_id: device?.id ?? null,
      measurements,
    },
    place: {
      organizationCode: code ?? null,
      departmentCode: department?.code ?? null,
      pduCode: pdu?.code ?? socket?.pdu_code ?? null,
      socketNumber: socket?.socket_number ?? null,
      deviceId: device?.id ?? null,
      changedAt: changes.length > 0 ? new Date(Math.max(...changes)) : null,
    },
  }
}

async function findDepartment(database: Database, id: string | undefined, tenant: string | null) {
  if (id === undefined) return null
  let query = database
    .selectFrom('departments')
    .innerJoin('organizations', 'organizations.id', 'departments.organization_id')
    .select(['departments.id', 'departments.code', 'departments.updated_at'])
    .select(['organizations.code as organization_code', 'organizations.updated_at as parents_updated_at'])
    .where('departments.id', '=', id)
  if (tenant !== null) query = query.where('departments.organization_id', '=', tenant)
  const row = await query.executeTakeFirst()
  if (!row) throw missing('department', id)
  return row
}

async function findPdu(database: Database, id: string | undefined, tenant: string | null) {
  if (id === undefined) return null
  let query = database
    .selectFrom('power_distribution_units as pdu')
    .innerJoin('organizations', 'organizations.id', 'pdu.organization_id')
    .select(['pdu.id', 'pdu.code', 'pdu.updated_at'])
    .select(['organizations.code as organization_code', 'organizations.updated_at as parents_updated_at'])
    .where('pdu.id', '=', id)
  if (tenant !== null) query = query.where('pdu.organization_id', '=', tenant)
  const row = await query.executeTakeFirst()
  if (!row) throw missing('pdu', id)
  return row
}

async function findSocket(database: Database, id: string | undefined, tenant: string | null) {
  if (id === undefined) return null
  let query = database
    .selectFrom('sockets')
    .innerJoin('power_distribution_units as pdu', 'pdu.id', 'sockets.pdu_id')
    .innerJoin('organizations', 'organizations.id', 'pdu.organization_id')
    .select(['sockets.id', 'sockets.socket_number', 'sockets.updated_at', 'pdu.code as pdu_code'])
    .select(['organizations.code as organization_code'])
    .select(({ fn }) => fn<Date>('greatest', ['pdu.updated_at', 'organizations.updated_at']).as('parents_updated_at'))
    .where('sockets.id', '=', id)
  if (tenant !== null) query = query.where('pdu.organization_id', '=', tenant)
  const row = await query.executeTakeFirst()
  if (!row) throw missing('socket', id)
  return row
}

async function findDevice(database: Database, id: string | undefined, tenant: string | null) {
  if (id === undefined) return null
  let query = database.selectFrom('devices').select('id').where('id', '=', id)
  if (tenant !== null) query = query.where('organization_id', '=', tenant)
  const row = await query.executeTakeFirst()
  if (!row) throw missing('device', id)
  return row
}

function missing(what: string, id: string | undefined): Error {
  return notFound(what, id ?? '', `/${what}_id`)
}
