import { ignored, type Outcome, rejected } from './draft.ts'
import type { Scope } from './message.ts'

/** Outlets remembered of one socket's topic; no PDU has more. */
const OUTLETS_KEPT = 64

/**
 * The index of the outlet that is this socket's among those of a message, or what else to do: without a `channel` only a
 * message about the only outlet is a reading of this socket. `complete`: the message lists every outlet of the device. `first`:
 * where the device counts from; one that speaks of another has several.
 */
export function chooseOutlet(
  scope: Scope,
  labels: readonly string[],
  complete: boolean,
  first: string | null = null,
): number | Outcome {
  const { channel, memory } = scope
  if (channel === null) {
    // The whole device: one that took the place of another may have fewer.
    if (complete) memory.outlets.clear()
    for (const label of labels) if (memory.outlets.size < OUTLETS_KEPT) memory.outlets.add(label)
    const only = labels.length === 1 && memory.outlets.size <= 1 && (first === null || labels[0] === first)
    return only ? 0 : channelRequired([...memory.outlets])
  }
  const at = indexOfOutlet(labels, channel)
  if (at >= 0) return at
  const found = `the message is about ${listed(labels)}, this socket is channel ${channel}`
  return complete && labels.length > 1
    ? rejected('channel-required', `payload_config.channel ${channel} is none of the outlets ${listed(labels)}`)
    : ignored('other-channel', found)
}

/** Where a label is, as written, or by its number: `2`, `switch:2`, `outlet 2`. */
export function indexOfOutlet(labels: readonly string[], channel: string): number {
  const wanted = channel.trim().toLowerCase()
  const exact = labels.findIndex((label) => label.toLowerCase() === wanted)
  if (exact >= 0) return exact
  const number = /^(?:[a-z]+[\s:_-]?)?(\d{1,5})$/.exec(wanted)?.[1]
  return number === undefined ? -1 : labels.indexOf(String(Number(number)))
}

/**
 * True for a socket that cannot be the only one of its device. What such a device says of itself as a whole would be taken for
 * the socket's; `channel` 0 or 1 may have been set for a device with one outlet.
 */
export const isBeyondFirst = (channel: string | null): boolean =>
  channel !== null && !/^(?:[a-z]+[\s:_-]?)?[01]$/i.test(channel)

export function channelRequired(labels: readonly string[]): Outcome {
  return rejected(
    'channel-required',
    `the device has several outlets (${listed(labels)}): set payload_config.channel to the one of this socket`,
  )
}

const listed = (labels: readonly string[]): string =>
  labels.length <= 12 ? labels.join(', ') : `${labels.slice(0, 12).join(', ')} and ${labels.length - 12} more`
