import type { SocketStatus, SocketStatusEvent, SocketStatusName } from '@iomt/contracts/socket-status'
import { statusSubject } from '@iomt/contracts/subjects'
import type { SocketMqttClient } from '@iomt/socket-mqtt-client/socket-mqtt-client'
import { v7 as uuidv7 } from 'uuid'
import type { EventPublisher } from '../event-publisher.ts'
import type { SocketSupervisor } from '../sockets/socket-supervisor.ts'
import { socketStatusOf } from './socket-status-of.ts'

/** Milliseconds in which changes of one socket are gathered: a connect passes through four states. */
const GATHER = 250
/** Milliseconds between looks at every socket: silence is no event. */
const SCAN = 5_000

export interface StatusReporterOptions {
  readonly gateway: string
  readonly client: SocketMqttClient
  readonly supervisor: SocketSupervisor
  readonly events: EventPublisher
  readonly now: () => number
}

/** Knows the live status of the sockets held here and publishes each change on `iomt.v1.status.…`. */
export interface StatusReporter {
  start(): void
  stop(): void
  /** Look at this socket again. */
  touch(socketId: string): void
  statusOf(socketId: string): SocketStatus | null
}

interface Reported {
  readonly name: SocketStatusName
  readonly reason: string | null
  readonly since: string
}

export function createStatusReporter(options: StatusReporterOptions): StatusReporter {
  const { gateway, client, supervisor, events, now } = options
  const reported = new Map<string, Reported>()
  const touched = new Set<string>()
  let gatherTimer: NodeJS.Timeout | undefined
  let scanTimer: NodeJS.Timeout | undefined

  function statusOf(socketId: string): SocketStatus | null {
    const socket = supervisor.get(socketId)
    if (!socket) return null
    const status = socketStatusOf(socket, client.getSocketStatus(socketId), gateway)
    const last = reported.get(socketId)
    return { ...status, since: last?.name === status.status ? last.since : new Date(now()).toISOString() }
  }

  function report(socketId: string): void {
    const status = statusOf(socketId)
    const socket = supervisor.get(socketId)
    const last = reported.get(socketId)
    if (!status || !socket) {
      reported.delete(socketId)
      return
    }
    if (last?.name === status.status && last.reason === status.reason) return
    const at = new Date(now()).toISOString()
    reported.set(socketId, { name: status.status, reason: status.reason, since: status.since ?? at })
    const { state } = socket
    const event: SocketStatusEvent = {
      v: 1,
      id: uuidv7(),
      at,
      organization_id: state.organization_id,
      department_id: state.department_id,
      pdu_id: state.pdu_id,
      socket_number: state.socket_number,
      device_id: state.device_id,
      previous: last?.name ?? null,
      status,
    }
    events.publish(statusSubject(state), event.id, event)
  }

  function touch(socketId: string): void {
    touched.add(socketId)
    gatherTimer ??= setTimeout(() => {
      gatherTimer = undefined
      const socketIds = [...touched]
      touched.clear()
      for (const id of socketIds) report(id)
    }, GATHER)
  }

  return {
    start() {
      client.on('status', ({ socketIds }) => {
        for (const socketId of socketIds) touch(socketId)
      })
      scanTimer = setInterval(() => {
        for (const socketId of supervisor.socketIds()) report(socketId)
      }, SCAN)
    },
    stop() {
      clearTimeout(gatherTimer)
      clearInterval(scanTimer)
    },
    touch,
    statusOf,
  }
}
