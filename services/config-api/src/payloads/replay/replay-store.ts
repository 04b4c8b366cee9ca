import type { Replay, ReplayCreate } from '@iomt/contracts/rest/replay'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'

/** Seconds without a heartbeat after which whoever ran it is gone. */
const ABANDONED_AFTER = 30

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

export async function insertReplay(
  database: Database,
  id: string,
  { source, socket_id: socketId, pdu_id: pduId, from, to, dry_run: dryRun }: ReplayCreate,
  requester: { name: string; organizationId: string },
): Promise<void> {
  await database
    .insertInto('replays')
    .values({
      id,
      organization_id: requester.organizationId,
      source,
      socket_id: socketId ?? null,
      pdu_id: pduId ?? null,
      from_at: new Date(from),
      to_at: new Date(to),
      dry_run: dryRun ?? false,
      state: 'running',
      requested_by: requester.name,
    })
    .execute()
}

export async function findReplay(database: Database, id: string, tenant: string | null): Promise<Replay | null> {
  const query = database
    .selectFrom('replays')
    .selectAll()
    .select(sql<boolean>`heartbeat_at < now() - make_interval(secs => ${ABANDONED_AFTER})`.as('abandoned'))
    .where('id', '=', id)
  const row = await (tenant === null ? query : query.where('organization_id', '=', tenant)).executeTakeFirst()
  if (!row) return null
  const { from_at: from, to_at: to, heartbeat_at: _, abandoned, ...rest } = row
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
