/** Where a socket stands, in the human-readable codes that its subjects are made of. */
export interface SocketPlace {
  readonly organization_code: string
  /** Null when the PDU belongs to no department. */
  readonly department_code: string | null
  readonly pdu_code: string
  readonly socket_number: number
}

/** Stands for a missing department or device; a code cannot be `_`, so it is never ambiguous. */
export const NO_TOKEN = '_'

export const TELEMETRY_SUBJECTS = 'iomt.v1.telemetry.>'
export const CONFIG_SUBJECTS = 'iomt.v1.config.>'
export const STATUS_SUBJECTS = 'iomt.v1.status.>'
export const DEAD_LETTER_SUBJECTS = 'iomt.v1.deadletter.>'
export const GATEWAY_SUBJECTS = 'iomt.v1.gateway.>'

function placeTokens(place: SocketPlace): string {
  return `${place.organization_code}.${place.department_code ?? NO_TOKEN}.${place.pdu_code}.${place.socket_number}`
}

/** `iomt.v1.telemetry.{organization}.{department}.{pdu}.{socket_number}.{device_id}` */
export function telemetrySubject(place: SocketPlace, deviceId: string | null): string {
  return `iomt.v1.telemetry.${placeTokens(place)}.${deviceId ?? NO_TOKEN}`
}

/** `iomt.v1.status.{organization}.{department}.{pdu}.{socket_number}` */
export function statusSubject(place: SocketPlace): string {
  return `iomt.v1.status.${placeTokens(place)}`
}

/** `decode`: the payload was not understood; `store`: the reading was, and Postgres refused it. */
export type DeadLetterStage = 'decode' | 'store'

/** `iomt.v1.deadletter.{decode|store}.{organization}.{department}.{pdu}.{socket_number}` */
export function deadLetterSubject(stage: DeadLetterStage, place: SocketPlace): string {
  return `iomt.v1.deadletter.${stage}.${placeTokens(place)}`
}

/** `iomt.v1.gateway.rebalance.{gateway}`: receipts of rebalances, by their new owner. */
export function rebalanceSubject(gateway: string): string {
  return `iomt.v1.gateway.rebalance.${gateway}`
}

export type ConfigEntity = 'organization' | 'department' | 'pdu' | 'socket' | 'device' | 'payload-profile'
export type ConfigAction = 'created' | 'updated' | 'deleted'

/** `iomt.v1.config.{entity}.{action}.{id}` */
export function configSubject(entity: ConfigEntity, action: ConfigAction, id: string): string {
  return `iomt.v1.config.${entity}.${action}.${id}`
}

export type PartitionOperation = 'status' | 'publish' | 'test'

/** Answered by the gateway that owns the partition. */
export function partitionRpcSubject(partition: number, operation: PartitionOperation): string {
  return `iomt.v1.rpc.gateway.partition.${partition}.${operation}`
}

/** Answered by every gateway, each for the sockets it owns. */
export const ALL_GATEWAYS_STATUS_SUBJECT = 'iomt.v1.rpc.gateway.all.status'

/** Answered by one gateway of the pool (queue group), whichever it is. */
export const ANY_GATEWAY_TEST_SUBJECT = 'iomt.v1.rpc.gateway.any.test'
