import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Database } from '@iomt/database/connect'
import { effectivePayloadConfig } from '../payloads/effective-payload-config.ts'
import { effectiveBroker, type SocketRow, selectSockets, topicOf } from '../sockets/socket-row.ts'

/** Sockets with all that their desired state is made of; `tenant` null: of every organization. */
export function selectDesired(database: Database, tenant: string | null = null) {
  return selectSockets(database, tenant)
    .innerJoin('organizations as organization', 'organization.id', 'pdu.organization_id')
    .leftJoin('departments as department', 'department.id', 'pdu.department_id')
    .select(['organization.code as organization_code', 'department.code as department_code'])
}

type DesiredRow = SocketRow & { organization_code: string; department_code: string | null }

/** The desired states of these sockets by id; one that is gone is missing. */
export async function readDesiredStates(
  database: Database,
  socketIds: readonly string[],
): Promise<Map<string, SocketDesiredState>> {
  if (socketIds.length === 0) return new Map()
  const rows = await selectDesired(database).where('sockets.id', 'in', socketIds).execute()
  return new Map(rows.map((row) => [row.id, desiredState(row)]))
}

/** Every socket's desired state, in chunks in order of id. */
export async function* readAllDesiredStates(database: Database, chunk = 1_000): AsyncGenerator<SocketDesiredState[]> {
  let after: string | undefined
  do {
    let query = selectDesired(database).orderBy('sockets.id').limit(chunk)
    if (after !== undefined) query = query.where('sockets.id', '>', after)
    const rows = await query.execute()
    yield rows.map(desiredState)
    after = rows.length < chunk ? undefined : rows.at(-1)?.id
  } while (after !== undefined)
}

function desiredState(row: DesiredRow): SocketDesiredState {
  const effective = effectiveBroker(row)
  const payloadConfig = effectivePayloadConfig(row.payload_config, row.profile_config)
  return {
    v: 1,
    socket_id: row.id,
    socket_version: row.version,
    pdu_version: row.pdu_version,
    socket_number: row.socket_number,
    name: row.name,
    enabled: row.is_enabled,
    organization_id: row.organization_id,
    organization_code: row.organization_code,
    department_id: row.department_id,
    department_code: row.department_code,
    pdu_id: row.pdu_id,
    pdu_code: row.pdu_code,
    device_id: row.device_id,
    timezone: payloadConfig?.timezone ?? row.pdu_timezone,
    topic: topicOf(row),
    payload_config: payloadConfig,
    specifications: row.pdu_specifications,
    broker: effective && {
      host: effective.broker.mqtt_broker_host as string,
      port: effective.broker.mqtt_broker_port,
      username: effective.broker.mqtt_credentials.username ?? null,
      credentials: effective.broker.mqtt_credentials.envelope ?? null,
      credentials_owner: effective.owner === 'pdu' ? `pdu:${row.pdu_id}` : `socket:${row.id}`,
      config: effective.broker.mqtt_config,
      inherited_from: effective.owner === 'pdu' ? 'pdu' : null,
    },
  }
}
