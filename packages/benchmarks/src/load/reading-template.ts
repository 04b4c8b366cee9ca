import mqttPacket from 'mqtt-packet'

/** First reading of a socket; its energy counter starts here and each reading is one step of {@link ENERGY_STEP}. */
export const FIRST_ENERGY = 10_000
/** kWh between two readings of a socket: the energy is also the reading's number, as fixed-width digits. */
export const ENERGY_STEP = 0.0001

/** Width of {@link writeClock}'s text. */
export const CLOCK_LENGTH = 27

const CLOCK_PLACE = '2026-01-01T00:00:00.000000Z'
const ENERGY_PLACE = '10000.0000'
/** What a socket publishes, about 200 bytes; every value that changes has a fixed width, so the packet never grows. */
const PAYLOAD = `{"voltage":230.1,"current":0.213,"power":46.92,"power_factor":0.957,"frequency":50.02,"energy":${ENERGY_PLACE},"machine_state":"running","socket_state":true,"timestamp":"${CLOCK_PLACE}"}`
const ZERO = 48
const NINE = 57
const POINT = 46

/** A payload as the load publishes them. */
export const readingPayload = (): string => PAYLOAD

/** The PUBLISH packets of one socket: encoded once, and only the bytes that differ are written for each message. */
export interface ReadingTemplate {
  /** Bytes of one packet. */
  readonly length: number
  /** Readings written so far; also the number of the next one. */
  readonly written: number
  /** Writes the packet of the next reading to `target` at `offset`; `clock` is what {@link writeClock} made. */
  writeNext(target: Buffer, offset: number, packetId: number, clock: Uint8Array): void
}

/** QoS 1 PUBLISH packets (MQTT 3.1.1 section 3.3) for a topic. */
export function createReadingTemplate(topic: string): ReadingTemplate {
  const packet = mqttPacket.generate({
    cmd: 'publish',
    topic,
    payload: PAYLOAD,
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  })
  const payloadAt = packet.length - Buffer.byteLength(PAYLOAD)
  const packetIdAt = payloadAt - 2
  const clockAt = payloadAt + PAYLOAD.indexOf(CLOCK_PLACE)
  const energyAt = payloadAt + PAYLOAD.indexOf(ENERGY_PLACE)
  const energyEnd = energyAt + ENERGY_PLACE.length - 1
  // Last digits of voltage, current and power, so that neighbouring readings are not equal.
  const varied = ['230.1', '0.213', '46.92'].map((text) => payloadAt + PAYLOAD.indexOf(text) + text.length - 1)
  let written = 0

  function countUp(): void {
    let at = energyEnd
    while (packet[at] === NINE || packet[at] === POINT) {
      if (packet[at] === NINE) packet[at] = ZERO
      at -= 1
    }
    packet[at] = (packet[at] as number) + 1
  }

  return {
    length: packet.length,
    get written() {
      return written
    },
    writeNext(target, offset, packetId, clock) {
      packet[packetIdAt] = packetId >> 8
      packet[packetIdAt + 1] = packetId & 0xff
      packet.set(clock, clockAt)
      for (const at of varied) packet[at] = ZERO + ((written * 7 + at) % 10)
      target.set(packet, offset)
      countUp()
      written += 1
    },
  }
}

/** The number of a reading, from the energy it carries. */
export const SEQUENCE_OF_ENERGY = `round((energy - ${FIRST_ENERGY}) / ${ENERGY_STEP})::bigint`

/** `2026-11-23T09:00:00.123456Z` from epoch milliseconds with their fraction. */
export function clockText(milliseconds: number): string {
  const whole = Math.floor(milliseconds)
  const micros = Math.floor((milliseconds - whole) * 1_000)
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`
}

/** Writes {@link clockText}; once for a burst of messages. */
export function writeClock(target: Buffer, milliseconds: number): void {
  target.write(clockText(milliseconds), 0, CLOCK_LENGTH, 'latin1')
}
