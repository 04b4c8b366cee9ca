import { DIAGNOSIS_HOPS, type DiagnosisHop, type DiagnosisHopName } from '@iomt/contracts/rest/socket-diagnosis'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import { ADVICE_ON_SUBSCRIBING, adviceOnConnecting, adviceOnSilence } from './advice.ts'

/** All that a diagnosis is made from. */
export interface DiagnosisFacts {
  readonly status: SocketStatus
  /** Row versions of the newest configuration. */
  readonly socketVersion: number
  readonly pduVersion: number
  /** When the newest stored reading came. */
  readonly lastStoredAt: Date | null
  /** Readings of all sockets that no writer has stored yet; null: nobody could say. */
  readonly waitingToBeStored: number | null
  readonly now: Date
}

type Finding = Omit<DiagnosisHop, 'hop'>

const ok = (detail: string): Finding => ({ state: 'ok', detail, what_to_do: null })
const failed = (detail: string, whatToDo: string): Finding => ({ state: 'failed', detail, what_to_do: whatToDo })
const unknown = (detail: string): Finding => ({ state: 'unknown', detail, what_to_do: null })

/** Milliseconds in which a socket that was just subscribed may not have heard of its device yet. */
const FIRST_MESSAGE = 120_000
/** Milliseconds that a reading may need from its arrival to its row. */
const STORING = 15_000

const FINDINGS: Readonly<Record<DiagnosisHopName, (facts: DiagnosisFacts) => Finding>> = {
  configuration({ status }) {
    if (status.status === 'disabled')
      return failed(`${status.reason}`, 'Enable it: PATCH /sockets/{id} {"is_enabled": true}.')
    if (status.status === 'unconfigured')
      return failed(`${status.reason}`, 'Set it: PATCH /pdus/{id} or PATCH /sockets/{id}.')
    return ok(`topic ${status.topic} at ${status.connection.broker}`)
  },
  gateway({ status, socketVersion, pduVersion }) {
    if (status.status === 'unassigned' || status.gateway === null)
      return failed(
        `no gateway answers for this socket: ${status.reason}`,
        'See GET /gateways: start a gateway, or wait some seconds if one was just stopped; and whether NATS runs.',
      )
    const [socket, pdu] = [status.socket_version ?? 0, status.pdu_version ?? 0]
    if (socket < socketVersion || pdu < pduVersion)
      return failed(
        `${status.gateway} works with versions ${socket} and ${pdu} of socket and PDU, the newest are ${socketVersion} and ${pduVersion}`,
        'Ask again in some seconds; if it stays so, look at iomt_config_api_outbox_backlog in /metrics.',
      )
    return ok(`${status.gateway} owns it, with the newest configuration`)
  },
  connection({ status: { connection } }) {
    if (connection.state === 'connected') return ok(`connected to ${connection.broker} since ${connection.since}`)
    const attempts = connection.attempts === 1 ? '1 attempt' : `${connection.attempts} attempts`
    return failed(
      `not connected to ${connection.broker} after ${attempts}: ${connection.last_error ?? 'connecting'}`,
      adviceOnConnecting(connection.last_error),
    )
  },
  subscription({ status: { subscription, topic } }) {
    if (subscription.state === 'subscribed') return ok(`subscribed to ${topic} at QoS ${subscription.granted_qos}`)
    if (subscription.state === 'refused')
      return failed(`the broker refuses ${topic}: ${subscription.reason ?? 'no reason given'}`, ADVICE_ON_SUBSCRIBING)
    return unknown(`the broker has not answered about ${topic} yet`)
  },
  messages({ status, now }) {
    const { traffic, connection, topic } = status
    const last = traffic.last_message_at
    if (status.status !== 'idle' && last !== null)
      return ok(`${traffic.messages} since this gateway took the socket, the last at ${last}`)
    if (last === null && connection.since !== null && now.getTime() - Date.parse(connection.since) < FIRST_MESSAGE)
      return unknown(`none since ${connection.since}, which is not long ago`)
    return failed(
      last === null ? `none on ${topic} since ${connection.since}` : `none on ${topic} since ${last}`,
      adviceOnSilence(connection.broker, topic),
    )
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
  storage({ status, lastStoredAt, waitingToBeStored, now }) {
    const last = Date.parse(status.traffic.last_message_at ?? '')
    const stored = lastStoredAt === null ? 'none is stored' : `the newest stored came at ${lastStoredAt.toISOString()}`
    if (lastStoredAt !== null && lastStoredAt.getTime() >= last - STORING) return ok(stored)
    if (waitingToBeStored === null) return unknown(`${stored}; NATS did not say whether readings wait to be stored`)
    if (waitingToBeStored === 0) {
      // Last wills, snapshots, outlets of others.
      return lastStoredAt === null
        ? unknown(`${stored} in the last 8 days and none waits: the messages were no readings`)
        : ok(`${stored}, none waits`)
    }
    if (now.getTime() - last < STORING) return unknown(`${stored}, ${waitingToBeStored} of all sockets wait`)
    return failed(
      `${stored}, ${waitingToBeStored} readings of all sockets wait`,
      'Is a telemetry-writer running, and does Postgres answer it? Its /readyz says what is missing.',
    )
  },
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
