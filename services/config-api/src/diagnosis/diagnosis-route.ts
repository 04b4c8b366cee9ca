import type { Bus } from '@iomt/bus/connect'
import { SocketDiagnosis } from '@iomt/contracts/rest/socket-diagnosis'
import { TELEMETRY_CONSUMER, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { notFound } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { answers, IdParameter } from '../http/route-documentation.ts'
import type { GatewayClient } from '../live-status/gateway-client.ts'
import { statusOfSocket } from '../live-status/live-status.ts'
import { selectSockets } from '../sockets/socket-row.ts'
import { diagnose } from './diagnose.ts'

export interface DiagnosisOptions {
  readonly database: Database
  readonly gateways: GatewayClient
  /** Null while NATS cannot be reached. */
  readonly bus: () => Bus | null
  readonly now: () => Date
}

/** `GET /sockets/:id/diagnosis`: why is there no data? */
export function addDiagnosisRoute(app: App, { database, gateways, bus, now }: DiagnosisOptions): void {
  app.get(
    '/sockets/:id/diagnosis',
    {
      schema: {
        tags: ['sockets'],
        operationId: 'diagnoseSocket',
        summary:
          'Why there is no data: each hop from the configuration to the row, and what to do about the first broken one',
        params: IdParameter,
        response: answers({ 200: SocketDiagnosis }, 404),
      },
    },
    async (request): Promise<SocketDiagnosis> => {
      const { id } = request.params
      const row = await selectSockets(database, tenantOf(request)).where('sockets.id', '=', id).executeTakeFirst()
      if (!row) throw notFound('socket', id)
      const [status, lastStoredAt, waitingToBeStored] = await Promise.all([
        statusOfSocket(gateways, row),
        readLastStored(database, id),
        countWaiting(bus()),
      ])
      const checkedAt = now()
      const { version: socketVersion, pdu_version: pduVersion } = row
      const hops = diagnose({ status, socketVersion, pduVersion, lastStoredAt, waitingToBeStored, now: checkedAt })
      const broken = hops.find(({ state }) => state === 'failed') ?? null
      return {
        socket_id: id,
        device_id: row.device_id,
        checked_at: checkedAt.toISOString(),
        data_flows: hops.every(({ state }) => state === 'ok'),
        first_broken_hop: broken?.hop ?? null,
        what_to_do: broken?.what_to_do ?? null,
        last_stored_at: lastStoredAt?.toISOString() ?? null,
        hops,
      }
    },
  )
}

/** Of some, since the newest by a device's clock need not be the newest that came. */
async function readLastStored(database: Database, socketId: string): Promise<Date | null> {
  const { rows } = await sql<{ came_at: Date | null }>`
    select max(timestamp) as came_at from (
      select timestamp from device_data_logs
      where socket_id = ${socketId} and timestamp > now() - interval '8 days'
      order by measured_at desc, id desc limit 50
    ) newest`.execute(database)
  return rows[0]?.came_at ?? null
}

/** Null also where the writers have a consumer of another name: then nobody is blamed. */
async function countWaiting(bus: Bus | null): Promise<number | null> {
  try {
    const info = await bus?.manager.consumers.info(TELEMETRY_STREAM.name, TELEMETRY_CONSUMER)
    return info ? info.num_pending + info.num_ack_pending : null
  } catch {
    return null
  }
}
