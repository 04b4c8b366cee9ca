import {
  CONFIG_SUBJECTS,
  DEAD_LETTER_SUBJECTS,
  GATEWAY_SUBJECTS,
  STATUS_SUBJECTS,
  TELEMETRY_SUBJECTS,
} from './subjects.ts'

const SECOND = 1_000
const DAY = 24 * 60 * 60 * SECOND
const GIBIBYTE = 1024 ** 3

/**
 * A JetStream stream as this product wants it: file storage and `discard: new`, so that a full stream pushes back on the
 * publisher and never evicts what is not stored yet. Age and size can be set by configuration.
 */
export interface StreamDefinition {
  readonly name: string
  readonly subjects: readonly string[]
  readonly description: string
  /** Milliseconds; the stream is a buffer for the longest outage of Postgres, not the archive. */
  readonly maxAge: number
  /** Bytes, reserved by the server: together they must fit its `max_file_store`. Change with `nats stream edit`. */
  readonly maxBytes: number
  /** Milliseconds in which a repeated message id is recognised; counted from its first sight. */
  readonly duplicateWindow: number
  /** -1: no limit. */
  readonly maxMessagesPerSubject: number
}

export const TELEMETRY_STREAM: StreamDefinition = {
  name: 'IOMT_TELEMETRY',
  subjects: [TELEMETRY_SUBJECTS],
  description: 'Normalised readings, one message a reading',
  maxAge: 3 * DAY,
  maxBytes: 8 * GIBIBYTE,
  duplicateWindow: 120 * SECOND,
  maxMessagesPerSubject: -1,
}

/** Durable consumer of {@link TELEMETRY_STREAM} that the writers share, unless they are configured to have another name for it. */
export const TELEMETRY_CONSUMER = 'telemetry-writer'

export const CONFIG_STREAM: StreamDefinition = {
  name: 'IOMT_CONFIG',
  subjects: [CONFIG_SUBJECTS],
  description: 'The last change of each kind of each resource; the highest version of a resource counts',
  maxAge: 30 * DAY,
  maxBytes: GIBIBYTE / 4,
  duplicateWindow: 120 * SECOND,
  // Each event holds the whole resource. With all of them, some twenty edits of a large estate's profile would fill the stream.
  maxMessagesPerSubject: 1,
}

export const STATUS_STREAM: StreamDefinition = {
  name: 'IOMT_STATUS',
  subjects: [STATUS_SUBJECTS],
  description: 'Connection status of sockets, one message a change',
  maxAge: 7 * DAY,
  maxBytes: GIBIBYTE / 4,
  duplicateWindow: 120 * SECOND,
  maxMessagesPerSubject: -1,
}

export const DEAD_LETTER_STREAM: StreamDefinition = {
  name: 'IOMT_DEADLETTER',
  subjects: [DEAD_LETTER_SUBJECTS],
  description: 'What could not be decoded or stored, with its reason and its bytes',
  maxAge: 30 * DAY,
  maxBytes: GIBIBYTE,
  duplicateWindow: 120 * SECOND,
  // A device that sends nothing but nonsense pushes out its own dead letters, not other devices' readings.
  maxMessagesPerSubject: 10_000,
}

export const GATEWAY_STREAM: StreamDefinition = {
  name: 'IOMT_GATEWAY',
  subjects: [GATEWAY_SUBJECTS],
  description: 'Receipts of rebalances in the gateway pool',
  maxAge: 30 * DAY,
  maxBytes: GIBIBYTE / 16,
  duplicateWindow: 120 * SECOND,
  maxMessagesPerSubject: 1_000,
}

export const STREAMS: readonly StreamDefinition[] = [TELEMETRY_STREAM, CONFIG_STREAM, STATUS_STREAM, DEAD_LETTER_STREAM]
