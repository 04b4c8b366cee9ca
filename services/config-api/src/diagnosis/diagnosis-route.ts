import type { Bus } from '@iomt/bus/connect'
import { silentAfter } from '@iomt/contracts/payload-config'
import { SocketDiagnosis } from '@iomt/contracts/rest/socket-diagnosis'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { answers, IdParameter } from '../http/route-documentation.ts'
import type { GatewayClient } from '../live-status/gateway-client.ts'
import { statusOfSocket } from '../live-status/live-status.ts'
import { effectivePayloadConfig } from '../payloads/effective-payload-config.ts'
import { requireSocket } from '../sockets/socket-row.ts'
import { diagnose } from './diagnose.ts'
import { readWaiting } from './waiting-readings.ts'

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
      const row = await requireSocket(database, id, tenantOf(request))
      const [status, lastStoredAt, waiting] = await Promise.all([
        statusOfSocket(gateways, row),
        readLastStored(database, id),
        readWaiting(bus()),
      ])
      const checkedAt = now()
      const { version: socketVersion, pdu_version: pduVersion } = row
      const silence = silentAfter(effectivePayloadConfig(row.payload_config, row.profile_config))
      const versions = { socketVersion, pduVersion }
      const hops = diagnose({ status, ...versions, lastStoredAt, waiting, silentAfter: silence, now: checkedAt })
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

/**
 * Of some, since the newest by a device's clock need not be the newest that came; and without those from the future, which a clock
 * that was corrected has left behind.
 */
async function readLastStored(database: Database, socketId: string): Promise<Date | null> {
  const { rows } = await sql<{ came_at: Date | null }>`
    select max(timestamp) as came_at from (
      (select timestamp from device_data_logs
       where socket_id = ${socketId} and timestamp > now() - interval '8 days'
       order by measured_at desc, id desc limit 50)
      union all
      (select timestamp from device_data_logs
       where socket_id = ${socketId} and timestamp > now() - interval '8 days' and measured_at <= now() + interval '1 minute'
       order by measured_at desc, id desc limit 50)
    ) newest`.execute(database)
  return rows[0]?.came_at ?? null
}
