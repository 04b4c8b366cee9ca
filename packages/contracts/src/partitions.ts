/** Number of fixed partitions that sockets are spread over; part of every KV key, so it never changes (docs/adr/0003). */
export const PARTITION_COUNT = 256

/**
 * The partition of a socket, a stable hash of its PDU's id: the sockets of one PDU stay together and share a connection.
 *
 * 32-bit FNV-1a with the murmur3 finaliser. FNV alone leaves the low byte of UUIDs of one series poorly mixed.
 */
export function partitionOf(pduId: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < pduId.length; index += 1) {
    hash = Math.imul(hash ^ pduId.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % PARTITION_COUNT
}
