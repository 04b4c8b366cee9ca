import type { SocketStatus, StatusAdvice } from '@iomt/contracts/socket-status'
import type { BrokerConnection } from './broker-connection.ts'
import type { SocketConfig } from './socket-config.ts'
import type { SocketTraffic } from './socket-traffic.ts'

/** Milliseconds without a message after which a connected socket counts as silent. */
export const DEFAULT_IDLE_AFTER = 120_000

/** What whoever reads the messages knows of them. */
export interface MessageAssessment {
  readonly advice: readonly StatusAdvice[]
  readonly availability?: NonNullable<SocketStatus['availability']>
}

/** The part of a socket's status that its connection knows. */
export type SocketConnectionStatus = Omit<SocketStatus, 'gateway' | 'socket_version' | 'pdu_version' | 'since'>

export function socketConnectionStatus(
  socket: SocketConfig,
  connection: BrokerConnection,
  traffic: SocketTraffic,
  messages: MessageAssessment,
  now: number,
): SocketConnectionStatus {
  const { state, profile } = connection
  const granted = connection.subscriber.subscription(connection.topics.filterOf(socket))
  const connected = state.state === 'connected'
  const requestedQos = socket.mqtt_config.qos ?? 1
  const subscription: SocketStatus['subscription'] =
    granted?.state === 'refused'
      ? { state: 'refused', requested_qos: requestedQos, granted_qos: null, reason: granted.reason }
      : granted?.state === 'granted' && connected
        ? { state: 'subscribed', requested_qos: requestedQos, granted_qos: granted.grantedQos, reason: null }
        : { state: 'pending', requested_qos: requestedQos, granted_qos: null, reason: null }
  const advice = [...connectionAdvice(subscription, traffic), ...messages.advice]
  const { availability } = messages
  const [status, reason] = statusName(
    connection,
    subscription,
    advice,
    availability,
    traffic,
    socket.idle_after ?? DEFAULT_IDLE_AFTER,
    now,
  )
  return {
    socket_id: socket.socket_id,
    status,
    reason,
    topic: socket.topic,
    connection: {
      state: state.state,
      broker: `${profile.host}:${profile.port}`,
      client_id: profile.clientId,
      since: state.since.toISOString(),
      session_resumed: state.sessionResumed,
      attempts: state.attempts,
      last_error: state.lastError,
    },
    subscription,
    traffic: traffic.view(now),
    ...(availability ? { availability } : {}),
    advice,
  }
}

function connectionAdvice(subscription: SocketStatus['subscription'], traffic: SocketTraffic): StatusAdvice[] {
  const advice: StatusAdvice[] = []
  const { granted_qos: granted, requested_qos: requested } = subscription
  if (granted !== null && requested !== null && granted < requested) {
    advice.push({
      code: 'granted-qos-lower',
      detail: `The broker granted QoS ${granted} instead of ${requested}: messages can be lost between broker and gateway.`,
      what_to_do: `Allow QoS ${requested} for this user on the broker.`,
    })
  }
  if (traffic.lastQos === 0 && requested !== null && requested > 0 && granted !== 0) {
    advice.push({
      code: 'publisher-qos-0',
      detail: 'The device publishes at QoS 0: messages can be lost on their way.',
      what_to_do: 'Set QoS 1 on the device.',
    })
  }
  return advice
}

/** Advice about what a device sends, not about how it arrives: the socket works. */
const HINTS: ReadonlySet<string> = new Set(['doubtful-readings', 'clock-skew'])

function statusName(
  connection: BrokerConnection,
  subscription: SocketStatus['subscription'],
  advice: readonly StatusAdvice[],
  availability: SocketStatus['availability'],
  traffic: SocketTraffic,
  idleAfter: number,
  now: number,
): [SocketStatus['status'], string | null] {
  const { state } = connection
  if (state.refused) return ['error', state.lastError]
  if (subscription.state === 'refused') return ['error', subscription.reason]
  if (state.state !== 'connected') return ['offline', state.lastError ?? 'not connected yet']
  if (subscription.state === 'pending') return ['offline', 'waiting for the broker to confirm the subscription']
  const last = traffic.lastMessageAt
  if (last === null) return ['idle', 'no message yet']
  if (availability?.online === false) return ['idle', `the device said that it is offline, at ${availability.at}`]
  if (now - last > idleAfter) return ['idle', `no message for more than ${Math.round(idleAfter / 1_000)} s`]
  const pressing = advice.find(({ code }) => !HINTS.has(code))
  if (pressing) return ['degraded', pressing.detail]
  return ['online', null]
}
