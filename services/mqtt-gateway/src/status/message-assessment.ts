import type { MeasurementName } from '@iomt/contracts/measurements'
import type { PayloadConfig } from '@iomt/contracts/payload-config'
import type { StatusAdvice } from '@iomt/contracts/socket-status'
import type { DecodedReading, Rejection } from '@iomt/payload-decoders/decoded-payload'

/** Messages that are looked back on; the width of an integer whose bits remember them. */
const REMEMBERED = 20
const MASK = 2 ** REMEMBERED - 1
/** Fewer say nothing. */
const ENOUGH = 5
const DEAD_LETTERS = 3
/** Messages without a measurement that every one should carry, or that some of several partial ones should. */
const MISSING_FROM_WHOLE = 3
const MISSING_FROM_PARTS = 20
/** Milliseconds for which one retained reading is spoken of: the broker sends it with every subscription. */
const RETAINED_FOR = 24 * 60 * 60_000
/** Milliseconds between a device's clock and ours that are taken for a wrong clock. */
const SKEW = 120_000
const QUARTER_HOUR = 900_000

/** What one socket's messages say about the device and its configuration; costs some additions a message. */
export interface MessageAssessment {
  reading(reading: DecodedReading, message: { receivedAt: Date; retained: boolean; late: boolean }): void
  deadLetter(rejection: Rejection): void
  /** The device (or its last will) says that it is there or gone. */
  status(online: boolean, at: Date): void
  advice(config: PayloadConfig | null): StatusAdvice[]
  readonly availability: { online: boolean; at: string } | null
}

export function createMessageAssessment(): MessageAssessment {
  let readings = 0
  let doubtful = 0
  let skewed = 0
  let clocks = 0
  let lastSkew = 0
  let retainedAt = Number.NEGATIVE_INFINITY
  let heardAt = 0
  let refusedInARow = 0
  let lastRejection: Rejection | null = null
  let partial = false
  /** Number of readings when each measurement was last seen. */
  const seen = new Map<string, number>()
  const doubts = new Map<string, number>()
  let availability: { online: boolean; at: string } | null = null

  function remember(quality: readonly string[]): void {
    for (const doubt of quality) {
      if (!isDoubt(doubt)) continue
      // Device-made names must not fill the memory.
      if (doubts.has(doubt) || doubts.size < 50) doubts.set(doubt, readings)
    }
  }

  return {
    reading(reading, message) {
      refusedInARow = 0
      if (availability?.online === false && !message.retained) {
        availability = { online: true, at: message.receivedAt.toISOString() }
      }
      // A snapshot is an old message: it says nothing about how the device sends now.
      if (message.retained) {
        retainedAt = message.receivedAt.getTime()
        return
      }
      heardAt = message.receivedAt.getTime()
      readings += 1
      partial = reading.partial
      const { quality, measurements, phases, measuredAt } = reading
      const doubted = quality.some(isDoubt)
      doubtful = ((doubtful << 1) | (doubted ? 1 : 0)) & MASK
      if (doubted) remember(quality)
      for (const name in measurements) seen.set(name, readings)
      if (phases !== null) for (const phase of Object.values(phases)) for (const name in phase) seen.set(name, readings)
      if (measuredAt === null || message.late) return
      const skew = measuredAt.getTime() - message.receivedAt.getTime()
      const wrong = Math.abs(skew) > SKEW
      clocks += 1
      skewed = ((skewed << 1) | (wrong ? 1 : 0)) & MASK
      if (wrong) lastSkew = skew
    },
    deadLetter(rejection) {
      refusedInARow += 1
      lastRejection = rejection
      // An empty message is how one clears what the broker keeps.
      if (rejection.reason === 'payload-empty') retainedAt = Number.NEGATIVE_INFINITY
    },
    status(online, at) {
      availability = { online, at: at.toISOString() }
    },
    get availability() {
      return availability
    },
    advice(config) {
      const advice: StatusAdvice[] = []
      if (refusedInARow >= DEAD_LETTERS && lastRejection !== null) advice.push(onlyDeadLetters(lastRejection))
      if (readings > 0 && heardAt - retainedAt < RETAINED_FOR) advice.push(RETAINED)
      const missing = expectedOf(config).filter(
        (name) => readings - (seen.get(name) ?? 0) >= (partial ? MISSING_FROM_PARTS : MISSING_FROM_WHOLE),
      )
      if (missing.length > 0) advice.push(expectedMissing(missing))
      const counted = Math.min(readings, REMEMBERED)
      if (counted >= ENOUGH && bits(doubtful) * 2 > counted) advice.push(doubtfulReadings(recent(doubts, readings)))
      const timed = Math.min(clocks, REMEMBERED)
      if (timed >= ENOUGH && bits(skewed) * 2 > timed) advice.push(clockSkew(lastSkew))
      return advice
    },
  }
}

/** What is missing has advice of its own, and values of different moments are how many devices send. */
function isDoubt(doubt: string): boolean {
  return doubt !== 'skewed' && !doubt.startsWith('missing:')
}

const RETAINED: StatusAdvice = {
  code: 'retained-readings',
  detail:
    'The device publishes its readings with the retain flag: the broker sends the last one again, as if it were new, whenever something subscribes (it is stored once, marked as retained).',
  what_to_do:
    'Switch retain off for the telemetry of the device, and clear what the broker keeps by an empty retained message on the topic.',
}

function onlyDeadLetters({ reason, detail }: Rejection): StatusAdvice {
  return {
    code: 'only-dead-letters',
    detail: `The last messages were not understood (${reason}): ${detail.slice(0, 300)}`,
    what_to_do:
      'Look at GET /sockets/:id/samples, try payload_config.format or a mapping with POST /payloads/preview, save it, then POST /replays.',
  }
}

function expectedMissing(names: readonly string[]): StatusAdvice {
  return {
    code: 'expected-missing',
    detail: `Expected, and not in the last messages: ${names.join(', ')}.`,
    what_to_do:
      'Make the device send it, map the field that carries it (payload_config.mapping), or take it out of payload_config.expected.',
  }
}

function doubtfulReadings(doubts: readonly string[]): StatusAdvice {
  return {
    code: 'doubtful-readings',
    detail: `Most readings are doubtful: ${doubts.join(', ')}.`,
    what_to_do:
      'See POST /payloads/preview with a message of GET /sockets/:id/samples; units and scales are set in payload_config.mapping, limits in the specifications of the PDU.',
  }
}

function clockSkew(skew: number): StatusAdvice {
  const minutes = Math.round(Math.abs(skew) / 60_000)
  const zone = Math.abs(skew) > QUARTER_HOUR && Math.abs(skew % QUARTER_HOUR) < SKEW
  return {
    code: 'clock-skew',
    detail: `The device's clock is ${minutes} minutes ${skew < 0 ? 'behind' : 'ahead of'} the time of receipt.`,
    what_to_do: zone
      ? 'It looks like another time zone: set payload_config.timezone or the timezone of the PDU to that of the device; else set its clock (NTP).'
      : 'Set the clock of the device (NTP), or make it send at once what it measures.',
  }
}

function expectedOf(config: PayloadConfig | null): readonly MeasurementName[] {
  const expected = config?.expected
  return (Array.isArray(expected) ? expected : expected?.measurements) ?? []
}

/** The doubts of the remembered readings. */
function recent(doubts: ReadonlyMap<string, number>, readings: number): string[] {
  return [...doubts]
    .filter(([, at]) => readings - at < REMEMBERED)
    .map(([doubt]) => doubt)
    .slice(0, 5)
}

function bits(value: number): number {
  let count = 0
  for (let rest = value; rest !== 0; rest &= rest - 1) count += 1
  return count
}
