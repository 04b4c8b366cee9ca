import { connect } from 'node:net'
import { latencyOf } from '../measure/percentiles.ts'
import { calibrateWallClock } from '../measure/wall-clock.ts'
import type { ClientsOrder, ClientsReport } from './stream-clients.ts'

/**
 * Many clients of the telemetry stream in one process, on bare sockets: a client library would cost more than the server
 * that is measured. Latency is taken from one reading in eight.
 */
const SAMPLE = 8
const MARK = '"published_at":'
const EVENT = Buffer.from('event: telemetry')

process.once('message', ({ url, key, paths }: ClientsOrder) => {
  const { hostname, port } = new URL(url)
  const wallClock = calibrateWallClock()
  let ready = 0
  let events = 0
  let bytes = 0
  let broken = 0
  let latencies: number[] = []

  for (const path of paths) {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\n\r\n`)
    let first = true
    socket.on('data', (chunk) => {
      if (first) {
        first = false
        if (!chunk.includes('HTTP/1.1 200')) broken += 1
        ready += 1
        if (ready === paths.length) process.send?.({ kind: 'ready' })
      }
      bytes += chunk.byteLength
      for (let at = chunk.indexOf(EVENT); at >= 0; at = chunk.indexOf(EVENT, at + EVENT.length)) {
        events += 1
        if (events % SAMPLE === 0) sample(chunk, at)
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      broken += 1
    })
  }

  function sample(chunk: Buffer, at: number): void {
    const mark = chunk.indexOf(MARK, at)
    // Torn apart by the chunk's end: another one will do.
    if (mark < 0 || mark + MARK.length + 20 > chunk.byteLength) return
    const published = Number.parseFloat(chunk.toString('latin1', mark + MARK.length, mark + MARK.length + 20))
    latencies.push(wallClock() - published)
  }

  process.on('message', (order: 'reset' | 'report') => {
    if (order === 'report') {
      const report: ClientsReport = { kind: 'report', events, bytes, broken, latency: latencyOf(latencies) }
      process.send?.(report)
    }
    events = 0
    bytes = 0
    latencies = []
  })
})
process.on('disconnect', () => process.exit())
