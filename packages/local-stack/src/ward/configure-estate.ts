import type { BrokerAddress } from '../broker-address.ts'
import type { ApiClient } from './api-client.ts'
import { profileOf } from './device-profiles.ts'
import { DEPARTMENTS, type EstatePdu, type EstateSocket, ORGANIZATION } from './estate.ts'

interface Row {
  readonly id: string
}
export interface PduRow extends Row {
  readonly mqtt_broker_host: string | null
  readonly mqtt_broker_port: number
  readonly mqtt_config: { readonly qos?: number; readonly tls?: { readonly enabled?: boolean } }
  readonly mqtt_credentials: { readonly username: string | null; readonly password_set: boolean }
}
interface SocketRow extends Row {
  readonly socket_number: number
  readonly device_id: string | null
}

/**
 * Makes of the estate what the API does not have yet, found by code, socket number and asset tag; changes nothing else.
 * `onSocket` is called for each socket that is done: a large estate takes minutes.
 */
export async function configureEstate(
  api: ApiClient,
  estate: readonly EstatePdu[],
  broker: BrokerAddress,
  onSocket: () => void,
): Promise<void> {
  const organization = await ensure<Row>(api, '/organizations', { code: ORGANIZATION.code }, ORGANIZATION)
  const departments = new Map<string, string>()
  for (const { code, name } of DEPARTMENTS) {
    const fields = { organization_id: organization.id, code, name }
    departments.set(
      code,
      (await ensure<Row>(api, '/departments', { organization_id: organization.id, code }, fields)).id,
    )
  }
  // Four at a time: a large estate in seconds, and the API's limit is never near.
  const waiting = [...estate]
  const work = async () => {
    for (let pdu = waiting.shift(); pdu; pdu = waiting.shift()) {
      await configurePdu(api, pdu, organization.id, departments.get(pdu.department) as string, broker, onSocket)
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
}

async function ensure<Resource>(
  api: ApiClient,
  path: string,
  filters: Readonly<Record<string, string>>,
  fields: object,
): Promise<Resource> {
  const [found] = await api.list<Resource>(path, filters)
  return found ?? (await api.post<Resource>(path, fields))
}

async function configurePdu(
  api: ApiClient,
  pdu: EstatePdu,
  organizationId: string,
  departmentId: string,
  broker: BrokerAddress,
  onSocket: () => void,
): Promise<void> {
  const filters = { organization_id: organizationId, department_id: departmentId, code: pdu.code }
  const row = await ensure<PduRow>(api, '/pdus', filters, {
    ...filters,
    name: pdu.name,
    timezone: pdu.timezone,
    mqtt_base_topic: pdu.baseTopic,
    mqtt_config: { qos: 1, ...tlsOf(broker) },
    ...addressOf(broker),
  })
  const changes = brokerChanges(row, broker)
  if (changes) await api.patch(`/pdus/${row.id}`, changes)
  const existing = await api.list<SocketRow>(`/pdus/${row.id}/sockets`)
  const byNumber = new Map(existing.map((socket) => [socket.socket_number, socket]))
  for (const socket of pdu.sockets) {
    const found =
      byNumber.get(socket.number) ??
      (await api.post<SocketRow>(`/pdus/${row.id}/sockets`, {
        socket_number: socket.number,
        mqtt_topic_suffix: socket.suffix,
      }))
    if (socket.deviceType !== null && found.device_id === null) {
      await assignDevice(api, organizationId, found.id, socket, socket.deviceType)
    }
    onSocket()
  }
}

const tlsOf = (broker: BrokerAddress) => (broker.tls ? { tls: { enabled: true } } : {})
const addressOf = (broker: BrokerAddress) => ({
  mqtt_broker_host: broker.host,
  mqtt_broker_port: broker.port,
  mqtt_credentials: { username: broker.username, password: broker.password },
})

/**
 * What a PDU of an earlier start needs for this broker, or null. A password cannot be read and compared, so that one is always
 * sent; its other settings stay, unless TLS comes or goes.
 */
export function brokerChanges(row: PduRow, broker: BrokerAddress): object | null {
  const { username, password_set } = row.mqtt_credentials
  const usedTls = row.mqtt_config.tls?.enabled === true
  const { tls: _tls, ...config } = row.mqtt_config
  const settings = usedTls === broker.tls ? {} : { mqtt_config: { ...config, ...tlsOf(broker) } }
  const same =
    row.mqtt_broker_host === broker.host &&
    row.mqtt_broker_port === broker.port &&
    usedTls === broker.tls &&
    username === broker.username &&
    !password_set &&
    broker.password === null
  return same ? null : { ...addressOf(broker), ...settings }
}

/** A device that somebody has put on another socket stays there. */
async function assignDevice(
  api: ApiClient,
  organizationId: string,
  socketId: string,
  socket: EstateSocket,
  type: string,
): Promise<void> {
  const filters = { organization_id: organizationId, asset_tag: socket.assetTag }
  const profile = profileOf(type)
  const [known] = await api.list<Row>('/devices', filters)
  if (known) {
    const [free] = await api.list<Row>('/devices', { ...filters, assigned: 'false' })
    if (!free) return
  }
  const device =
    known ??
    (await api.post<Row>('/devices', {
      ...filters,
      name: `${profile.name} ${socket.assetTag.replace(/^SIM-/, '')}`,
      device_type: type,
      manufacturer: profile.manufacturer,
      model: profile.model,
    }))
  await api.post('/mqtt/devices', { device_id: device.id, socket_id: socketId })
}
