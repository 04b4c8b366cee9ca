import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Reading } from '@iomt/telemetry-writer/reading'
import { readingPayload } from '../load/reading-template.ts'
import { describeEstate } from '../pipeline/estate.ts'

/** Readings of sockets in turn, each with an id of its own; cheap, so that making them hardly counts. */
export function createReadings(sockets: number): { next(count: number, now: number): Reading[] } {
  const states = describeEstate('mqtt://127.0.0.1:1883', sockets).flat()
  const rawJson = readingPayload().toString()
  let counter = 0

  function reading(now: number): Reading {
    const state = states[counter % states.length] as SocketDesiredState
    const head = now.toString(16).padStart(12, '0')
    const tail = counter.toString(16).padStart(12, '0')
    counter += 1
    return {
      id: `${head.slice(0, 8)}-${head.slice(8)}-7000-8000-${tail}`,
      socketId: state.socket_id,
      deviceId: state.device_id,
      receivedAt: now,
      measuredAt: now,
      measuredAtSource: 'device',
      retained: false,
      qos: 1,
      redelivered: false,
      measurements: {
        voltage: 230.1,
        current: 0.213,
        active_power: 46.92,
        power_factor: 0.957,
        frequency: 50.02,
        energy: 10_000 + counter / 10_000,
        relay_on: true,
      },
      phases: null,
      extra: { machine_state: 'running' },
      quality: [],
      decoder: 'flat-json@1',
      rawJson,
    }
  }

  return { next: (count, now) => Array.from({ length: count }, () => reading(now)) }
}
