import { MAX_PAGE_SIZE } from '@iomt/contracts/rest/page'
import { PduStatus } from '@iomt/contracts/rest/pdu-status'
import type { Database } from '@iomt/database/connect'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { answers, IdParameter } from '../http/route-documentation.ts'
import { requirePdu } from '../pdus/require-pdu.ts'
import { selectSockets } from '../sockets/socket-row.ts'
import type { GatewayClient } from './gateway-client.ts'
import { statusesOfSockets } from './live-status.ts'
import { createPduSummary } from './pdu-summary.ts'

export function addPduStatusRoute(app: App, database: Database, gateways: GatewayClient): void {
  app.get(
    '/pdus/:id/mqtt-status',
    {
      schema: {
        tags: ['pdus'],
        operationId: 'getPduMqttStatus',
        summary: 'How many sockets of a PDU are in which status, and what they send',
        description:
          'Each of them: `GET /mqtt/statuses?pdu_id=…`; what they sent in the past: `GET /pdus/:id/telemetry?agg=count`.',
        params: IdParameter,
        response: answers({ 200: PduStatus }, 404),
      },
    },
    async (request) => {
      const { id } = request.params
      const tenant = tenantOf(request)
      await requirePdu(database, id, tenant)
      const summary = createPduSummary(id)
      let after: string | null = null
      do {
        let query = selectSockets(database, tenant).where('sockets.pdu_id', '=', id)
        if (after !== null) query = query.where('sockets.id', '>', after)
        const sockets = await query.orderBy('sockets.id').limit(MAX_PAGE_SIZE).execute()
        for (const status of await statusesOfSockets(gateways, sockets)) summary.add(status)
        after = sockets.length === MAX_PAGE_SIZE ? (sockets.at(-1)?.id ?? null) : null
      } while (after !== null)
      return summary.view()
    },
  )
}
