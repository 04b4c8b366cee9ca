import { Replay, ReplayCreate } from '@iomt/contracts/rest/replay'
import type { Database } from '@iomt/database/connect'
import { invalidField, notFound } from '../../changes/refusal.ts'
import type { App } from '../../http/app.ts'
import { actorOf, principalOf, requireRole, tenantOf } from '../../http/authentication.ts'
import { answers, BODY_REFUSALS, IdParameter } from '../../http/route-documentation.ts'
import { requirePdu } from '../../pdus/require-pdu.ts'
import { requireSocket } from '../../sockets/socket-row.ts'
import { findReplay } from './replay-store.ts'
import type { Replays } from './replays.ts'

/** `POST /replays`, `GET /replays/:id` */
export function addReplayRoutes(app: App, database: Database, replays: Replays): void {
  app.post(
    '/replays',
    {
      config: { role: 'operator' },
      schema: {
        tags: ['payloads'],
        operationId: 'createReplay',
        summary: 'Decode dead letters or stored readings again, with the configuration of now',
        description:
          'Runs in the background; 202 with Location. May be repeated: a dead letter becomes one reading however often it is replayed. ' +
          'Replaying `logs` changes stored readings: that needs an admin key, unless it is a `dry_run`. The audit log has every replay but dry runs.',
        body: ReplayCreate,
        response: answers({ 202: Replay }, 404, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const { body } = request
      const tenant = tenantOf(request)
      if (body.source === 'logs' && !body.dry_run) requireRole(principalOf(request), 'admin')
      if (!(Date.parse(body.from) < Date.parse(body.to))) throw invalidField('/to', 'must be after from')
      const target = await targetOf(database, body, tenant)
      const by = { ...actorOf(request), organizationId: target.organizationId }
      const id = await replays.begin(body, target.socketIds, by)
      return await reply
        .code(202)
        .header('location', `/replays/${id}`)
        .send(await requireReplay(database, id, tenant))
    },
  )

  app.get(
    '/replays/:id',
    {
      schema: {
        tags: ['payloads'],
        operationId: 'getReplay',
        summary: 'How far a replay is, and what came of it',
        params: IdParameter,
        response: answers({ 200: Replay }, 404),
      },
    },
    async (request) => await requireReplay(database, request.params.id, tenantOf(request)),
  )
}

async function requireReplay(database: Database, id: string, tenant: string | null) {
  const replay = await findReplay(database, id, tenant)
  if (!replay) throw notFound('replay', id)
  return replay
}

async function targetOf(
  database: Database,
  { socket_id: socketId, pdu_id: pduId }: ReplayCreate,
  tenant: string | null,
): Promise<{ organizationId: string; socketIds: string[] }> {
  if ((socketId === undefined) === (pduId === undefined)) {
    throw invalidField('/socket_id', 'or pdu_id is required, and only one of them')
  }
  if (socketId !== undefined) {
    const row = await requireSocket(database, socketId, tenant, '/socket_id')
    return { organizationId: row.organization_id, socketIds: [row.id] }
  }
  const pdu = await requirePdu(database, pduId as string, tenant, '/pdu_id')
  const rows = await database.selectFrom('sockets').select('id').where('pdu_id', '=', pdu.id).execute()
  return { organizationId: pdu.organization_id, socketIds: rows.map(({ id }) => id) }
}
