import type { BrokerSecrets } from '@iomt/contracts/credential-envelope'
import type { MqttConfig } from '@iomt/contracts/mqtt-config'

/** A socket to connect, in the field names of the specification. Secrets are in clear: it lives in memory only. */
export interface SocketConfig {
  readonly socket_id: string
  readonly socket_number: number
  /** Tenant: sockets of two organizations never share a connection, whatever broker and user they name. */
  readonly organization_id: string
  /** Part of the MQTT client id, so that whoever takes the partition over also takes its sessions over. */
  readonly partition: number
  /** `{pdu.mqtt_base_topic}/{socket.mqtt_topic_suffix}` */
  readonly topic: string
  /** Further topics whose messages are this socket's, such as those on which a Sparkplug node is born and dies. */
  readonly companions?: readonly string[]
  /** Also takes what is published below its topic. */
  readonly subtree?: boolean
  readonly mqtt_broker_host: string
  readonly mqtt_broker_port: number
  readonly mqtt_credentials: { readonly username?: string } & BrokerSecrets
  readonly mqtt_config: MqttConfig
  /** Silent for longer than this many milliseconds: the status is `idle`. */
  readonly idle_after?: number
}

/**
 * Bytes of a payload that are kept. MQTT allows 256 MB a message, and a message is there several times over before it is stored;
 * NATS servers take 1 MB by default, and 8 MB as we set them up.
 */
export const PAYLOAD_BYTES_KEPT = 4 * 1024 * 1024

/** A message of a socket, on its way to whoever stores it. */
export interface Delivery {
  readonly socket: SocketConfig
  readonly topic: string
  /** Of one above {@link PAYLOAD_BYTES_KEPT} only as many of its first bytes. */
  readonly payload: Buffer
  /** Size of the whole payload. */
  readonly payloadBytes: number
  /** Quality of service between broker and us: the lower of what was published and what was granted. */
  readonly qos: 0 | 1 | 2
  /** The broker kept it; it is a snapshot, not news. */
  readonly retained: boolean
  readonly receivedAt: Date
  /** Equal for a redelivery of the same message; null when the broker will never redeliver it (QoS 0, clean session). */
  readonly deliveryKey: string | null
  /** The same message may have been delivered before: marked DUP, or the first use of its packet id in a resumed session. */
  readonly possiblyRedelivered: boolean
  /** Possibly delivered before, and too long ago for a deduplication window to remember it. */
  readonly redeliveredLate: boolean
}

/** Called without an error once a delivery is stored, with one when it is not. Only the first call counts. */
export type OnSettled = (error?: Error | null) => void

/**
 * Stores a delivery. The broker gets its acknowledgement when it is settled; after an error, or when the handler throws, the
 * connection is closed and opened again, since that is how MQTT asks for redelivery (it has no negative acknowledgement).
 *
 * No promise: `callbackify` of `node:util` makes one of these of a function that answers one.
 */
export type DeliveryHandler = (delivery: Delivery, onSettled: OnSettled) => void
