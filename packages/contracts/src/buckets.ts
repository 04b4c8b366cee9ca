/** Desired connection of each socket, written by config-api and watched by the gateways. Key: {@link socketConfigKey}. */
export const SOCKET_CONFIG_BUCKET = 'iomt_socket_config'

/**
 * Which of the buckets that were called {@link SOCKET_CONFIG_BUCKET} have held every socket, as config-api writes it after a
 * sweep: one that was lost and made again is filled key by key. Key: {@link incarnationKey}; value: when.
 */
export const COMPLETE_BUCKETS_BUCKET = 'iomt_socket_config_complete'

/** `created` of a bucket's stream as a key: `2026-11-27T21:00:00.123456789Z` -> `2026-11-27T21-00-00-123456789Z`. */
export function incarnationKey(created: string): string {
  return created.replaceAll(/[^0-9A-Za-z]/g, '-')
}

/** `{partition}.{socket_id}` */
export function socketConfigKey(partition: number, socketId: string): string {
  return `${partition}.${socketId}`
}

/** The parts of a key of the socket configuration bucket, or null for a key that is none. */
export function parseSocketConfigKey(key: string): { partition: number; socketId: string } | null {
  const match = /^(\d{1,3})\.([0-9a-f-]{36})$/.exec(key)
  return match ? { partition: Number(match[1]), socketId: match[2] as string } : null
}

/** Proof of life of each gateway, rewritten every second. Key: the gateway's id; value: `GatewayMember`. */
export const GATEWAY_MEMBERS_BUCKET = 'iomt_gateway_members'

/** Who owns which partition. Key: the partition's number; value: `PartitionLease`. */
export const GATEWAY_LEASES_BUCKET = 'iomt_gateway_leases'
