import { hash } from 'node:crypto'

/**
 * The identity of a message within its session, 40 hexadecimal digits: a broker redelivers an unacknowledged message with its packet id
 * (MQTT-4.4.0-1), so session, packet id and content together find it again in another process. Content alone would not
 * do: equal readings one after the other are two readings.
 */
export function deliveryKey(clientId: string, packetId: number, topic: string, payload: Buffer): string {
  // The topic separates two sockets that publish alike, its length the topic from the payload; SHA-1 because the hardware has it
  // (1.1 µs at 200 bytes).
  return hash('sha1', `${clientId}:${packetId}:${topic.length}:${topic}:${payload.toString('latin1')}`, 'hex')
}

/** Brokers that redeliver without DUP do it right after CONNACK, within this many milliseconds. */
export const REDELIVERY_BURST = 5_000

/**
 * - `likely`: DUP says so by the standard, or a broker that is not known to set it sends it right after resuming the session
 *   (aedes redelivers without DUP).
 * - `possible`: later in a resumed session, the first use of its packet id.
 */
export type Redelivery = 'none' | 'possible' | 'likely'

/** Tells for each delivery of one session whether the broker may have delivered it before. */
export interface RedeliveryDetector {
  judge(packetId: number, dup: boolean): Redelivery
}

export function createRedeliveryDetector(sessionPresent: boolean, now: () => number): RedeliveryDetector {
  if (!sessionPresent) return { judge: (_packetId, dup) => (dup ? 'likely' : 'none') }
  // One bit for each of the 65,535 packet ids: 8 KiB, only where it is needed.
  const seen = new Uint8Array(8_192)
  const burstEnds = now() + REDELIVERY_BURST
  // What is redelivered comes first (MQTT-4.6.0-1), so the first message shows whether the broker sets DUP.
  let setsDup: boolean | null = null
  return {
    judge(packetId, dup) {
      setsDup ??= dup
      const byte = packetId >> 3
      const bit = 1 << (packetId & 7)
      const first = ((seen[byte] as number) & bit) === 0
      seen[byte] = (seen[byte] as number) | bit
      if (dup) return 'likely'
      if (!first) return 'none'
      return setsDup || now() >= burstEnds ? 'possible' : 'likely'
    },
  }
}
