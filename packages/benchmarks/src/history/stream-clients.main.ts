import { connect } from 'node:net'
import { latencyOf } from '../measure/percentiles.ts'
import { calibrateWallClock } from '../measure/wall-clock.ts'
import { createEventScanner } from './event-scanner.ts'
import type { ClientsCommand, ClientsOrder, ClientsReport } from './stream-clients.ts'

/**
 * Many clients of the telemetry stream in one process, on bare sockets: a client library would cost more than the server
 * that is measured. Latency is taken from one reading in eight.
 */
const SAMPLE = 8
const MARK = '"published_at":'

process.once('message', ({ url, key, paths }: ClientsOrder) => {
  const { hostname, port } = new URL(url)
  const wallClock = calibrateWallClock()
  let answered = 0
  let events = 0
  let broken = 0
  let latencies: number[] = []

  const scanners = paths.map((path) => {
    const scanner = createEventScanner((event) => {
      events += 1
      if (events % SAMPLE === 0) sample(event)
    })
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\n\r\n`)
    let first = true
    let lost = false
    const lose = () => {
      if (!lost) broken += 1
      lost = true
    }
    const answer = () => {
      first = false
      answered += 1
      if (answered === paths.length) process.send?.({ kind: 'ready' })
    }
    socket.on('data', (chunk) => {
      if (first) {
        if (!chunk.includes('HTTP/1.1 200')) lose()
        answer()
      }
      scanner.add(chunk)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      lose()
      // Refused: the others are not to wait for it.
      if (first) answer()
    })
    return scanner
  })

  function sample(event: Buffer): void {
    const mark = event.indexOf(MARK)
    if (mark < 0) return
    const published = Number.parseFloat(event.toString('latin1', mark + MARK.length, mark + MARK.length + 20))
    latencies.push(wallClock() - published)
  }

  process.on('message', (command: ClientsCommand) => {
    if (command === 'report') {
      const received = scanners.map(({ count }) => count)
      const report: ClientsReport = { kind: 'report', received, broken, latency: latencyOf(latencies) }
      process.send?.(report)
    } else latencies = []
  })
})
process.on('disconnect', () => process.exit())
