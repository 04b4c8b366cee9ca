import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/nats-core'

/**
 * A compare-and-set lost: somebody else wrote the key first. The client exports two codes for it; servers before and
 * after 2.11 use one each.
 */
export function isRevisionConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  )
}

/** The stream (or the bucket on it) is not there: deleted, or on a server that lost its disk. */
export function isStreamMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound
}

/** The durable consumer is not there. */
export function isConsumerMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound
}

/**
 * Nobody took a message that was published to a stream: for a moment that is so of a stream that somebody else is making, which
 * the server answers for before it listens on the stream's subjects. The client says "jetstream is not enabled".
 */
export function isNobodyListening(error: unknown): boolean {
  const reason = error instanceof Error ? error.cause : undefined
  return reason instanceof errors.RequestError && reason.isNoResponders()
}
