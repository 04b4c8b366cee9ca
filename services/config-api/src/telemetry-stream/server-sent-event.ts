import type { StreamDropReason, TelemetryStreamGap } from '@iomt/contracts/rest/telemetry-stream'

/** Milliseconds after which a client should try again; a dropped client must not come back in the same moment. */
const RETRY = 2_000

const LINE_END = Buffer.from('\n\n')
const NEW_LINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** A comment: keeps proxies and clients from taking silence for a dead connection. */
export const HEARTBEAT = Buffer.from(': heartbeat\n\n')

/** The event of a reading; `json` is its text as it came from the stream. */
export function telemetryEvent(sequence: number, json: Uint8Array): Buffer {
  const head = Buffer.from(`id: ${sequence}\nevent: telemetry\ndata: `)
  return Buffer.concat([head, oneLine(json), LINE_END])
}

/**
 * A position without an event (WHATWG HTML 9.2.6: a block without data sets the last event id and dispatches nothing), so
 * that a client that has seen no reading yet, or none for long, can resume too.
 */
export function positionEvent(sequence: number): Buffer {
  return Buffer.from(`retry: ${RETRY}\nid: ${sequence}\n\n`)
}

/** `id` moves on to where the stream goes on, so that a client is told of a gap once. */
export function gapEvent(gap: TelemetryStreamGap, resumeFrom: number): Buffer {
  return Buffer.from(`id: ${resumeFrom - 1}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`)
}

const DETAILS: Readonly<Record<StreamDropReason, string>> = {
  'too-slow': 'You read more slowly than readings come. Reconnect with Last-Event-ID to go on where you were.',
  'server-busy': 'The server holds too much for slow readers. Reconnect with Last-Event-ID to go on where you were.',
  'key-no-longer-valid': 'The API key was revoked or has expired.',
  'server-stops': 'The server stops. Reconnect with Last-Event-ID to go on where you were.',
}

export function droppedEvent(reason: StreamDropReason): Buffer {
  return Buffer.from(`event: dropped\ndata: ${JSON.stringify({ reason, detail: DETAILS[reason] })}\n\n`)
}

/** A line end inside would end the event: only publishers that format their JSON have one. */
function oneLine(json: Uint8Array): Uint8Array {
  if (!json.includes(NEW_LINE) && !json.includes(CARRIAGE_RETURN)) return json
  return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(json).toString('utf8'))))
}
