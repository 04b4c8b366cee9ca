import type { Replay, ReplayCreate } from '@iomt/contracts/rest/replay'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { recordAudit } from '../../changes/change.ts'

/** Seconds without a heartbeat after which whoever ran it is gone. */
const ABANDONED_AFTER = 30

/** By name: what a newer version has added beside them is not shown. */
const COLUMNS = [
  'id',
  'organization_id',
  'source',
  'socket_id',
  'pdu_id',
  'from_at',
  'to_at',
  'dry_run',
  'state',
  'requested_by',
  'examined',
  'decoded',
  'stored',
  'skipped',
  'failed',
  'reasons',
  'error',
  'created_at',
  'finished_at',
] as const

/** What has become of the messages so far. */
export interface ReplayProgress {
  examined: number
  decoded: number
  stored: number
  skipped: number
  failed: number
  readonly reasons: Record<string, number>
}

export function newProgress(): ReplayProgress {
  return { examined: 0, decoded: 0, stored: 0, skipped: 0, failed: 0, reasons: {} }
}

/** Who asked for a replay, in which request, and the organization that it is about. */
export interface ReplayRequester {
  readonly name: string
  readonly requestId: string
  readonly organizationId: string
}

/** Notes a replay that begins, in the audit log as well unless it is to change nothing. */
export async function insertReplay(
  database: Database,
  id: string,
  { source, socket_id: socketId, pdu_id: pduId, from, to, dry_run: dryRun = false }: ReplayCreate,
  requester: ReplayRequester,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('replays')
      .values({
        id,
        organization_id: requester.organizationId,
        source,
        socket_id: socketId ?? null,
        pdu_id: pduId ?? null,
        from_at: new Date(from),
        to_at: new Date(to),
        dry_run: dryRun,
        state: 'running',
        requested_by: requester.name,
      })
      .execute()
    if (dryRun) return
    const after = await findReplay(transaction, id, null)
    const change = { entity: 'replay', action: 'created', id, version: null, before: null, after } as const
    await recordAudit(transaction, [change], requester)
  })
}

export async function findReplay(database: Database, id: string, tenant: string | null): Promise<Replay | null> {
  const query = database
    .selectFrom('replays')
    .select(COLUMNS)
    .select(sql<boolean>`heartbeat_at < now() - make_interval(secs => ${ABANDONED_AFTER})`.as('abandoned'))
    .where('id', '=', id)
  const row = await (tenant === null ? query : query.where('organization_id', '=', tenant)).executeTakeFirst()
  if (!row) return null
  const { from_at: from, to_at: to, abandoned, ...rest } = row
  return {
    ...rest,
    from: from.toISOString(),
    to: to.toISOString(),
    state: row.state === 'running' && abandoned ? 'interrupted' : row.state,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  }
}

/** Also says that it goes on. */
export async function saveProgress(database: Database, id: string, progress: ReplayProgress): Promise<void> {
  await database
    .updateTable('replays')
    .set({ ...progress, reasons: JSON.stringify(progress.reasons), heartbeat_at: sql`now()` })
    .where('id', '=', id)
    .execute()
}

export async function finishReplay(
  database: Database,
  id: string,
  progress: ReplayProgress,
  end: { state: 'done' | 'interrupted' | 'failed'; error: string | null },
): Promise<void> {
  await database
    .updateTable('replays')
    .set({ ...progress, ...end, reasons: JSON.stringify(progress.reasons), finished_at: sql`now()` })
    .where('id', '=', id)
    .execute()
}
