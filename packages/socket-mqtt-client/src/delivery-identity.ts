import { hash } from 'node:crypto'

/**
 * The identity of a message within its session, 40 hexadecimal digits: a broker redelivers an unacknowledged message with its packet id
 * (MQTT-4.4.0-1), so session, packet id and content together find it again in another process. Content alone would not
 * do: equal readings one after the other are two readings.
 */
export function deliveryKey(clientId: string, packetId: number, topic: string, payload: Uint8Array): string {
  const content = hash('sha1', payload, 'hex')
  // The topic separates two sockets that publish alike; SHA-1 because the hardware has it (0.7 µs at 200 bytes).
  return hash('sha1', `${clientId}:${packetId}:${content}:${topic}`, 'hex')
}

/**
 * Tells for each delivery of one session whether the broker may have delivered it before. DUP says so by the standard;
 * aedes redelivers without it, so in a resumed session the first use of each packet id counts, too.
 */
export interface RedeliveryDetector {
  possiblyRedelivered(packetId: number, dup: boolean): boolean
}

export function createRedeliveryDetector(sessionPresent: boolean): RedeliveryDetector {
  // One bit for each of the 65,535 packet ids: 8 KiB, only where it is needed.
  const seen = sessionPresent ? new Uint8Array(8_192) : null
  return {
    possiblyRedelivered(packetId, dup) {
      if (!seen) return dup
      const byte = packetId >> 3
      const bit = 1 << (packetId & 7)
      const first = ((seen[byte] as number) & bit) === 0
      seen[byte] = (seen[byte] as number) | bit
      return dup || first
    },
  }
}
