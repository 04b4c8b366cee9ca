import type { ApiKeysTable } from './tables/api-keys.ts'
import type { AuditLogTable } from './tables/audit-log.ts'
import type { DepartmentsTable } from './tables/departments.ts'
import type { DeviceCurrentStateTable } from './tables/device-current-state.ts'
import type { DeviceDataLogsTable } from './tables/device-data-logs.ts'
import type { DevicesTable } from './tables/devices.ts'
import type { KeptHistoryTable } from './tables/kept-history.ts'
import type { OrganizationsTable } from './tables/organizations.ts'
import type { OutboxTable } from './tables/outbox.ts'
import type { PayloadProfilesTable } from './tables/payload-profiles.ts'
import type { PowerDistributionUnitsTable } from './tables/power-distribution-units.ts'
import type { ReplaysTable } from './tables/replays.ts'
import type { RollupPendingTable } from './tables/rollup-pending.ts'
import type { SocketConnectionEventsTable } from './tables/socket-connection-events.ts'
import type { SocketAssignmentsTable, SocketsTable } from './tables/sockets.ts'
import type { TelemetryRollupsTable } from './tables/telemetry-rollups.ts'

/** Every table by its name, for Kysely. */
export interface Schema {
  api_keys: ApiKeysTable
  audit_log: AuditLogTable
  departments: DepartmentsTable
  device_current_state: DeviceCurrentStateTable
  device_data_logs: DeviceDataLogsTable
  devices: DevicesTable
  kept_history: KeptHistoryTable
  organizations: OrganizationsTable
  outbox: OutboxTable
  payload_profiles: PayloadProfilesTable
  power_distribution_units: PowerDistributionUnitsTable
  replays: ReplaysTable
  rollup_pending: RollupPendingTable
  socket_assignments: SocketAssignmentsTable
  socket_connection_events: SocketConnectionEventsTable
  sockets: SocketsTable
  telemetry_rollups_1m: TelemetryRollupsTable
  telemetry_rollups_1h: TelemetryRollupsTable
  telemetry_rollups_1d: TelemetryRollupsTable
}
