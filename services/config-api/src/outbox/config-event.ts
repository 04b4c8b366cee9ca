import type { ConfigEvent } from '@iomt/contracts/config-event'
import type { ConfigAction, ConfigEntity } from '@iomt/contracts/subjects'

export interface OutboxRow {
  readonly id: string
  readonly entity: ConfigEntity
  readonly action: ConfigAction
  readonly entity_id: string
  readonly entity_version: number
  readonly pdu_id: string | null
  readonly resource: Record<string, unknown> | null
  readonly created_at: Date
}

/** The event of a change: made of its row alone, so that relaying it again makes the same. */
export function configEvent(row: OutboxRow): ConfigEvent {
  return {
    v: 1,
    id: row.id,
    at: row.created_at.toISOString(),
    entity: row.entity,
    action: row.action,
    entity_id: row.entity_id,
    version: row.entity_version,
    resource: row.resource,
  }
}
