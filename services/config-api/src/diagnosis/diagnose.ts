import { DIAGNOSIS_HOPS, type DiagnosisHop, type DiagnosisHopName } from '@iomt/contracts/rest/socket-diagnosis'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import {
  ADVICE_ON_NO_READINGS,
  ADVICE_ON_OUTBOX,
  ADVICE_ON_SUBSCRIBING,
  ADVICE_ON_WRITERS,
  adviceOnConnecting,
  adviceOnSilence,
} from './advice.ts'

/** All that a diagnosis is made from. */
export interface DiagnosisFacts {
  readonly status: SocketStatus
  /** Row versions of the newest configuration. */
  readonly socketVersion: number
  readonly pduVersion: number
  /** When the newest stored reading came. */
  readonly lastStoredAt: Date | null
  readonly waiting: WaitingReadings
  /** Milliseconds after which the device is silent, where its interval was told. */
  readonly silentAfter: number | null
  readonly now: Date
}

/** Readings of all sockets that no writer has stored yet; null: NATS could not say; `no-consumer`: no writer ever asked for any. */
export type WaitingReadings = { readonly count: number; readonly oldestAt: Date | null } | 'no-consumer' | null

type Finding = Omit<DiagnosisHop, 'hop'>

const ok = (detail: string): Finding => ({ state: 'ok', detail, what_to_do: null })
const failed = (detail: string, whatToDo: string): Finding => ({ state: 'failed', detail, what_to_do: whatToDo })
const unknown = (detail: string): Finding => ({ state: 'unknown', detail, what_to_do: null })

/** Milliseconds in which a socket that was just subscribed may not have heard of its device yet. */
const FIRST_MESSAGE = 120_000
/** Milliseconds that a reading may need from its arrival to its row. */
const STORING = 15_000
/** Milliseconds in which what comes may be no readings: states, last wills. */
const BETWEEN_READINGS = 15 * 60_000
/** So many messages without a reading are no coincidence. */
const MANY_MESSAGES = 5

const FINDINGS: Readonly<Record<DiagnosisHopName, (facts: DiagnosisFacts) => Finding>> = {
  configuration(facts) {
    const { status } = facts
    // Of an older configuration the next hop speaks.
    if (isOutdated(facts)) return ok('complete')
    if (status.status === 'disabled')
      return failed(`${status.reason}`, 'Enable it: PATCH /sockets/{id} {"is_enabled": true}.')
    if (status.status === 'unconfigured')
      return failed(`${status.reason}`, 'Set it: PATCH /pdus/{id} or PATCH /sockets/{id}.')
    return ok(`topic ${status.topic} at ${status.connection.broker}`)
  },
  gateway(facts) {
    const { status, socketVersion, pduVersion } = facts
    if (/^no socket /.test(status.reason ?? ''))
      return failed(`the gateway does not know this socket yet: ${status.reason}`, ADVICE_ON_OUTBOX)
    if (status.status === 'unassigned' || status.gateway === null)
      return failed(
        `no gateway answers for this socket: ${status.reason}`,
        'See GET /gateways: start a gateway, or wait some seconds if one was just stopped; and whether NATS runs.',
      )
    if (isOutdated(facts))
      return failed(
        `${status.gateway} works with versions ${status.socket_version} and ${status.pdu_version} of socket and PDU, the newest are ${socketVersion} and ${pduVersion}`,
        ADVICE_ON_OUTBOX,
      )
    return ok(`${status.gateway} owns it, with the newest configuration`)
  },
  connection({ status: { connection, reason } }) {
    if (connection.state === 'connected') return ok(`connected to ${connection.broker} since ${connection.since}`)
    const error = connection.last_error ?? reason
    if (connection.state === 'connecting' && connection.attempts === 0 && error === null)
      return unknown(`connecting to ${connection.broker}`)
    const attempts = connection.attempts === 1 ? '1 attempt' : `${connection.attempts} attempts`
    const broker =
      connection.broker === null ? 'not connected' : `not connected to ${connection.broker} after ${attempts}`
    return failed(`${broker}: ${error ?? 'connecting'}`, adviceOnConnecting(error))
  },
  subscription({ status: { subscription, topic } }) {
    if (subscription.state === 'subscribed') return ok(`subscribed to ${topic} at QoS ${subscription.granted_qos}`)
    if (subscription.state === 'refused')
      return failed(`the broker refuses ${topic}: ${subscription.reason ?? 'no reason given'}`, ADVICE_ON_SUBSCRIBING)
    return unknown(`the broker has not answered about ${topic} yet`)
  },
  messages(facts) {
    const { status, now, silentAfter } = facts
    const { traffic, connection, topic, availability } = status
    if (availability && !availability.online)
      return failed(
        `the device, or its last will, said at ${availability.at} that it is offline`,
        'Switch it on, or see why it lost its broker.',
      )
    const last = traffic.last_message_at
    if (status.status !== 'idle' && last !== null)
      return ok(`${traffic.messages} since this gateway took the socket, the last at ${last}`)
    const since = last ?? laterOf(connection.since, status.since)
    const none = `none on ${topic} since ${since}`
    if (areWritersBehind(facts))
      return failed(`${none}: the gateway may have stopped reading, since ${describeWaiting(facts)}`, ADVICE_ON_WRITERS)
    const patience = Math.max(FIRST_MESSAGE, silentAfter ?? 0)
    if (last === null && now.getTime() - Date.parse(since ?? '') < patience)
      return unknown(`${none}, which is not long ago`)
    const seldom = 'One that sends seldom: set payload_config.expected.interval_seconds.'
    return failed(none, `${adviceOnSilence(connection.broker, topic)} ${seldom}`)
  },
  understanding({ status: { traffic, advice } }) {
    const onlyDeadLetters = advice.find(({ code }) => code === 'only-dead-letters')
    const share = `${traffic.dead_letters} of ${traffic.messages} messages were not understood`
    if (onlyDeadLetters || (traffic.messages > 0 && traffic.dead_letters >= traffic.messages))
      return failed(
        onlyDeadLetters?.detail ?? share,
        onlyDeadLetters?.what_to_do ??
          'See GET /sockets/{id}/samples for why, and POST /payloads/preview for a mapping.',
      )
    return ok(traffic.dead_letters === 0 ? 'all messages were understood' : share)
  },
  storage(facts) {
    const { status, lastStoredAt, waiting, silentAfter, now } = facts
    const { messages, last_message_at: lastMessage } = status.traffic
    const last = Date.parse(lastMessage ?? '')
    const stored = lastStoredAt === null ? 'none is stored' : `the newest stored came at ${lastStoredAt.toISOString()}`
    if (areWritersBehind(facts)) return failed(`${stored}, and ${describeWaiting(facts)}`, ADVICE_ON_WRITERS)
    if (lastStoredAt !== null && lastStoredAt.getTime() >= last - STORING) return ok(stored)
    if (waiting === null) return unknown(`${stored}; NATS did not say whether readings wait to be stored`)
    if (waiting === 'no-consumer')
      return lastStoredAt === null
        ? failed('none is stored, and no writer has ever asked for readings', 'Start a telemetry-writer.')
        : unknown(`${stored}; the writers have another CONSUMER_NAME, so nobody knows what waits`)
    if (waiting.count > 0 && now.getTime() - last < STORING)
      return unknown(`${stored}; the newest message may be on its way`)
    // Nothing has waited for long, so what came was no reading.
    const noReadings = `${stored}, and what came since was no reading`
    if (lastStoredAt === null && messages < MANY_MESSAGES) return unknown(noReadings)
    const between = Math.max(BETWEEN_READINGS, silentAfter ?? 0)
    if (lastStoredAt !== null && last - lastStoredAt.getTime() < between) return ok(noReadings)
    return failed(noReadings, ADVICE_ON_NO_READINGS)
  },
}

/** The gateway works with something older than what was saved last. */
function isOutdated({ status, socketVersion, pduVersion }: DiagnosisFacts): boolean {
  if (status.gateway === null) return false
  return (status.socket_version ?? 0) < socketVersion || (status.pdu_version ?? 0) < pduVersion
}

function areWritersBehind({ waiting, now }: DiagnosisFacts): boolean {
  const oldest = waiting === null || waiting === 'no-consumer' ? null : waiting.oldestAt
  return oldest !== null && now.getTime() - oldest.getTime() > STORING
}

function describeWaiting({ waiting }: DiagnosisFacts): string {
  if (waiting === null || waiting === 'no-consumer') return 'nobody knows what waits'
  return `${waiting.count} readings of all sockets wait to be stored, the oldest since ${waiting.oldestAt?.toISOString()}`
}

function laterOf(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right
  return Date.parse(left) > Date.parse(right) ? left : right
}

/** Each hop of a reading's way, up to the first that is not ok; what comes behind that one is not known. */
export function diagnose(facts: DiagnosisFacts): DiagnosisHop[] {
  let last: DiagnosisHopName | null = null
  return DIAGNOSIS_HOPS.map((hop) => {
    const finding = last === null ? FINDINGS[hop](facts) : unknown(`not looked at: ${last} comes first`)
    if (finding.state !== 'ok') last ??= hop
    return { hop, ...finding }
  })
}
