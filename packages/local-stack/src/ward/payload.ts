import type { SocketReading } from './load-curve.ts'

/** How a PDU writes its clock: ISO 8601 in UTC, or the field's own `HH:mm:ss DD/MM/YYYY` in its time zone. */
export type ClockForm = 'iso' | 'field'

/** The flat JSON that the specification's PDUs publish for a socket. */
export function flatPayload(reading: SocketReading, milliseconds: number, clock: ClockForm, timezone: string): string {
  const { voltage } = reading
  return JSON.stringify({
    voltage: rounded(voltage, 1),
    current: rounded(reading.current, 3),
    power: rounded(reading.active_power, 2),
    apparent_power: rounded(reading.apparent_power, 2),
    reactive_power: rounded(reading.reactive_power, 2),
    power_factor: rounded(reading.power_factor, 3),
    frequency: rounded(reading.frequency, 2),
    energy: rounded(reading.energy, 4),
    machine_state: reading.state,
    socket_state: true,
    sensor_state: true,
    over_voltage: voltage > 242,
    under_voltage: voltage < 198,
    timestamp: clock === 'iso' ? new Date(milliseconds).toISOString() : fieldTimestamp(milliseconds, timezone),
  })
}

/** `16:05:09 23/11/2026` */
export function fieldTimestamp(milliseconds: number, timezone: string): string {
  const parts = new Map(
    formatFor(timezone)
      .formatToParts(milliseconds)
      .map(({ type, value }) => [type, value]),
  )
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? ''
  return `${part('hour')}:${part('minute')}:${part('second')} ${part('day')}/${part('month')}/${part('year')}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatFor(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  })
  formats.set(timezone, made)
  return made
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
