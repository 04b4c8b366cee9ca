import type { Bus } from '@iomt/bus/connect'
import { Department, DepartmentCreate, DepartmentPatch, DepartmentQuery } from '@iomt/contracts/rest/department'
import { Device, DeviceCreate, DevicePatch, DeviceQuery } from '@iomt/contracts/rest/device'
import type { GatewayPool } from '@iomt/contracts/rest/gateway-pool'
import {
  Organization,
  OrganizationCreate,
  OrganizationPatch,
  OrganizationQuery,
} from '@iomt/contracts/rest/organization'
import {
  PayloadProfile,
  PayloadProfileCreate,
  PayloadProfilePatch,
  PayloadProfileQuery,
} from '@iomt/contracts/rest/payload-profile'
import { Pdu, PduCreate, PduPatch, PduQuery } from '@iomt/contracts/rest/pdu'
import { Socket, SocketCreate, SocketPatch, SocketQuery } from '@iomt/contracts/rest/socket'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Database } from '@iomt/database/connect'
import type { ReadinessCheck } from '@iomt/service-runtime/health'
import type pg from 'pg'
import type { Registry } from 'prom-client'
import { addApiKeyRoutes } from './access/api-key-routes.ts'
import { departmentResource } from './departments/department-resource.ts'
import { deviceResource } from './devices/device-resource.ts'
import { addDiagnosisRoute } from './diagnosis/diagnosis-route.ts'
import { addMqttTestRoute } from './diagnosis/mqtt-test-route.ts'
import { addGatewaysRoute } from './gateway-pool/gateways-route.ts'
import { addHistoryRoutes } from './history/history-routes.ts'
import { createKeptHistory } from './history/kept-history.ts'
import type { App } from './http/app.ts'
import { addServiceRoutes } from './http/service-routes.ts'
import type { GatewayClient } from './live-status/gateway-client.ts'
import { addPduStatusRoute } from './live-status/pdu-status-route.ts'
import { addStatusEventsRoute } from './live-status/status-events-route.ts'
import { addStatusRoutes } from './live-status/status-routes.ts'
import { addMqttDeviceListRoute } from './mqtt-devices/list-route.ts'
import { addMqttDeviceRoutes } from './mqtt-devices/mqtt-device-routes.ts'
import { addRemovedRoutes } from './mqtt-devices/removed-routes.ts'
import { organizationResource } from './organizations/organization-resource.ts'
import { addPayloadProfileAlias } from './payloads/payload-profile-alias.ts'
import { payloadProfileResource } from './payloads/payload-profile-resource.ts'
import { addPreviewRoute } from './payloads/preview-route.ts'
import { addReplayRoutes } from './payloads/replay/replay-routes.ts'
import type { Replays } from './payloads/replay/replays.ts'
import { addSamplesRoute } from './payloads/samples-route.ts'
import { createPduResource } from './pdus/pdu-resource.ts'
import { addPduSocketRoutes } from './pdus/pdu-socket-routes.ts'
import { addStateRoutes } from './readings/state-routes.ts'
import { addResourceRoutes } from './resources/resource-routes.ts'
import { addMqttConfigRoutes } from './sockets/mqtt-config-routes.ts'
import { addPublishRoute } from './sockets/publish-routes.ts'
import { createSocketResource } from './sockets/socket-resource.ts'
import type { StreamHub } from './telemetry-stream/stream-hub.ts'
import { addStreamRoute } from './telemetry-stream/stream-route.ts'
import { addTopicCheckRoute } from './topics/check-route.ts'
import { addTopicConflictsRoute } from './topics/conflicts-route.ts'
import { addTopicGenerateRoute } from './topics/generate-route.ts'

export interface RoutesOptions {
  readonly database: Database
  /** The one that `database` is on. */
  readonly pool: pg.Pool
  readonly vault: Vault
  readonly gateways: GatewayClient
  readonly stream: StreamHub
  /** Null while NATS cannot be reached. */
  readonly bus: () => Bus | null
  readonly replays: Replays
  readonly readPool: () => Promise<GatewayPool | null>
  /** Called after each committed change. */
  readonly onChange: () => void
  readonly now: () => Date
  readonly checks: Record<string, ReadinessCheck>
  readonly metrics: Registry
}

/** Every endpoint, in the order in which the documentation shows them. */
export function addRoutes(
  app: App,
  { database, pool, vault, gateways, stream, bus, replays, readPool, onChange, now, checks, metrics }: RoutesOptions,
): void {
  const shared = { database, onChange }
  const pdus = createPduResource(vault)
  const sockets = createSocketResource(vault)

  addResourceRoutes(app, {
    ...shared,
    path: '/organizations',
    name: 'Organization',
    resource: organizationResource,
    schemas: { view: Organization, create: OrganizationCreate, patch: OrganizationPatch, query: OrganizationQuery },
  })
  addResourceRoutes(app, {
    ...shared,
    path: '/departments',
    name: 'Department',
    resource: departmentResource,
    schemas: { view: Department, create: DepartmentCreate, patch: DepartmentPatch, query: DepartmentQuery },
  })
  addResourceRoutes(app, {
    ...shared,
    path: '/pdus',
    name: 'Pdu',
    resource: pdus,
    schemas: { view: Pdu, create: PduCreate, patch: PduPatch, query: PduQuery },
  })
  addPduSocketRoutes(app, { ...shared, sockets })
  addResourceRoutes(app, {
    ...shared,
    path: '/sockets',
    name: 'Socket',
    resource: sockets,
    schemas: { view: Socket, create: SocketCreate, patch: SocketPatch, query: SocketQuery },
  })
  addMqttConfigRoutes(app, { ...shared, vault, sockets })
  addResourceRoutes(app, {
    ...shared,
    path: '/payload-profiles',
    name: 'PayloadProfile',
    resource: payloadProfileResource,
    schemas: {
      view: PayloadProfile,
      create: PayloadProfileCreate,
      patch: PayloadProfilePatch,
      query: PayloadProfileQuery,
    },
  })
  addPayloadProfileAlias(app)
  addPreviewRoute(app, database)
  addSamplesRoute(app, database, bus)
  addReplayRoutes(app, database, replays)
  addTopicCheckRoute(app, database)
  addTopicConflictsRoute(app, database)
  addTopicGenerateRoute(app, { ...shared, pdus, sockets })
  addPublishRoute(app, database, gateways)
  addResourceRoutes(app, {
    ...shared,
    path: '/devices',
    name: 'Device',
    resource: deviceResource,
    schemas: { view: Device, create: DeviceCreate, patch: DevicePatch, query: DeviceQuery },
  })
  addMqttDeviceListRoute(app, database, gateways)
  addMqttDeviceRoutes(app, { ...shared, vault, sockets, gateways })
  const source = { database, pool }
  addStateRoutes(app, source)
  addHistoryRoutes(app, { source, now, kept: createKeptHistory(database, now) })
  addStreamRoute(app, database, stream)
  addStatusRoutes(app, database, gateways)
  addPduStatusRoute(app, database, gateways)
  addStatusEventsRoute(app, database)
  addDiagnosisRoute(app, { database, gateways, bus, now })
  addMqttTestRoute(app, { database, vault, sockets, gateways, now })
  addGatewaysRoute(app, readPool)
  addApiKeyRoutes(app, database)
  addRemovedRoutes(app)
  addServiceRoutes(app, checks, metrics)
}
