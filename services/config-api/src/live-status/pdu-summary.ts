import type { PduStatus } from '@iomt/contracts/rest/pdu-status'
import { NO_TRAFFIC, SOCKET_STATUS_NAMES, type SocketStatus } from '@iomt/contracts/socket-status'

/** Adds the status of sockets up. */
export function createPduSummary(pduId: string): { add(status: SocketStatus): void; view(): PduStatus } {
  const statuses = Object.fromEntries(SOCKET_STATUS_NAMES.map((name) => [name, 0]))
  const { last_qos: _, ...traffic } = NO_TRAFFIC
  let sockets = 0
  /** Messages a minute, and the milliseconds that storing them took. */
  let timed = 0
  let storedAfter = 0

  return {
    add({ status, traffic: more }) {
      sockets += 1
      statuses[status] = (statuses[status] ?? 0) + 1
      traffic.messages += more.messages
      traffic.bytes += more.bytes
      traffic.dead_letters += more.dead_letters
      traffic.redelivered += more.redelivered
      traffic.messages_per_minute += more.messages_per_minute
      traffic.bytes_per_minute += more.bytes_per_minute
      // Both in UTC with milliseconds: in the order of their text.
      if ((more.last_message_at ?? '') > (traffic.last_message_at ?? '')) traffic.last_message_at = more.last_message_at
      if (more.stored_after_ms === null) return
      // After an outage messages are stored that came before the minutes of the rate.
      const weight = Math.max(more.messages_per_minute, 0.01)
      timed += weight
      storedAfter += more.stored_after_ms * weight
    },
    view: () => ({
      pdu_id: pduId,
      sockets,
      statuses,
      traffic: {
        ...traffic,
        messages_per_minute: Math.round(traffic.messages_per_minute * 100) / 100,
        stored_after_ms: timed === 0 ? null : Math.round((storedAfter / timed) * 10) / 10,
      },
    }),
  }
}
