import type { Socket } from 'node:net'
import { type AddressRule, alwaysForbidden } from '@iomt/contracts/broker-address'
import { credentialLengthProblem } from '@iomt/contracts/mqtt-config'
import { type IClientOptions, MqttClient } from 'mqtt'
import { type BrokerStream, openBrokerStream } from './broker-stream.ts'
import type { ConnectionCredentials, ConnectionProfile } from './connection-profile.ts'
import { ConnectionRefusedError, type ConnectTransport, type Transport, UnacknowledgedError } from './transport.ts'

/** Milliseconds until TCP, TLS and CONNACK must be done. */
const CONNECT_TIMEOUT = 10_000
/** Milliseconds until a SUBACK or UNSUBACK must have come. */
const ANSWER_TIMEOUT = 30_000
/** Milliseconds until a publish must be acknowledged; who asks a gateway for one, config-api, gives it 8 s. */
const ACKNOWLEDGEMENT_TIMEOUT = 5_000
/** Seconds that a broker keeps the session of an absent MQTT 5 client; 3.1.1 has no limit. */
const SESSION_EXPIRY = 7 * 24 * 60 * 60

/** More than the acknowledgements of all 65,535 messages that can wait for one (packet ids are of two bytes). */
const UNREAD_BYTES = 512 * 1024

/** CONNACK codes for wrong credentials: 3.1.1 table 3.1 (4, 5); MQTT 5 section 3.2.2.2 (0x86, 0x87, 0x8C). */
const BAD_CREDENTIALS = new Set([4, 5, 0x86, 0x87, 0x8c])

/**
 * MQTT over mqtt.js 5.16, used for CONNECT, subscriptions, our own publishes and keep-alive; reconnecting, resubscribing,
 * reading messages and acknowledging them are ours.
 *
 * mqtt.js acknowledges a message before it reads the next one, which allows one message a round trip (1,900/s against
 * 62,000/s pipelined). So it never sees messages, and PUBACK and PUBREC are written here, straight to this connection's
 * socket: mqtt.js would queue them into the next session when this one is gone. PUBREL, for a packet id that it does not know,
 * is answered by mqtt.js with PUBCOMP.
 */
export const createMqttJsConnect =
  (mayReach: AddressRule): ConnectTransport =>
  (profile, credentials, handlers, { cleanSession, signal }) =>
    new Promise((resolve, reject) => {
      let established = false
      let failure: Error | null = null
      let keepAliveWhileHeld: NodeJS.Timeout | undefined
      const stream = openBrokerStream(
        profile,
        credentials,
        {
          onPublish: handlers.onPublish,
          onHold(held) {
            clearInterval(keepAliveWhileHeld)
            keepAliveWhileHeld = held ? keepAlive(client, profile.keepalive) : undefined
          },
          onFailure(error) {
            failure ??= ofEachAddress(error)
          },
        },
        mayReach,
      )
      // mqtt.js ends the stream so when it refuses to write a packet: a password without a user name, for one.
      stream.control.on('error', (error) => {
        failure ??= error
      })
      const client = startClient(stream, profile, credentials, cleanSession)
      client.on('error', (error) => {
        failure ??= error
      })
      client.on('disconnect', (packet) => {
        failure ??= new Error(`the broker disconnected us (reason 0x${(packet.reasonCode ?? 0).toString(16)})`)
      })
      const abort = () => {
        stream.abandon()
        client.end(true)
      }
      signal.addEventListener('abort', abort, { once: true })
      client.once('connect', (connack) => {
        established = true
        signal.removeEventListener('abort', abort)
        resolve(transportOf(client, stream.socket, profile, connack.sessionPresent))
      })
      client.once('close', () => {
        clearInterval(keepAliveWhileHeld)
        signal.removeEventListener('abort', abort)
        client.end(true)
        const reason = failure?.message || 'the broker closed the connection'
        if (established) handlers.onClose(reason)
        else reject(asConnectError(failure, reason))
      })
    })

/** To any broker that is not at a forbidden address. */
export const connectMqttJs = createMqttJsConnect(alwaysForbidden)

/** mqtt.js writes CONNECT in its constructor; when it throws there, nobody else has the stream to close it. */
function startClient(
  stream: BrokerStream,
  profile: ConnectionProfile,
  credentials: ConnectionCredentials,
  cleanSession: boolean,
): MqttClient {
  try {
    return new MqttClient(() => stream.control, clientOptions(profile, credentials, cleanSession))
  } catch (error) {
    stream.control.destroy()
    const reason = tooLong('user name', profile.username) ?? tooLong('password', credentials.password)
    throw new Error(reason ?? `CONNECT cannot be written: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}

/** What mqtt.js only calls a chunk of the wrong type. */
function tooLong(what: string, value: string | undefined): string | null {
  const problem = value === undefined ? null : credentialLengthProblem(value)
  return problem && `the ${what} is too long: ${problem}`
}

function clientOptions(
  profile: ConnectionProfile,
  credentials: ConnectionCredentials,
  cleanSession: boolean,
): IClientOptions {
  return {
    clientId: profile.clientId,
    protocolVersion: profile.protocolVersion,
    keepalive: profile.keepalive,
    clean: cleanSession,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    connectTimeout: CONNECT_TIMEOUT,
    ...(profile.username !== undefined ? { username: profile.username } : {}),
    ...(credentials.password !== undefined ? { password: credentials.password } : {}),
    ...(profile.protocolVersion === 5 && !cleanSession
      ? { properties: { sessionExpiryInterval: SESSION_EXPIRY } }
      : {}),
  }
}

/**
 * While reading is held back, PINGRESP is not read either: mqtt.js would give the connection up although the broker is
 * fine. So pings go out and its clock is reset for as long as the hold lasts; a dead connection still fails to write.
 */
function keepAlive(client: MqttClient, keepalive: number): NodeJS.Timeout | undefined {
  if (keepalive === 0) return undefined
  const timer = setInterval(() => {
    client.reschedulePing(true)
    client.sendPing()
  }, keepalive * 400)
  timer.unref()
  return timer
}

/** Of a name with several addresses Node tells what became of each, and nothing in the message of the whole. */
function ofEachAddress(error: Error): Error {
  if (!(error instanceof AggregateError)) return error
  return new Error(error.errors.map(({ message }: Error) => message).join('; '), { cause: error })
}

function asConnectError(failure: Error | null, reason: string): Error {
  const code = (failure as { code?: unknown } | null)?.code
  return typeof code === 'number'
    ? new ConnectionRefusedError(reason, BAD_CREDENTIALS.has(code))
    : (failure ?? new Error(reason))
}

function transportOf(
  client: MqttClient,
  socket: Socket,
  profile: ConnectionProfile,
  sessionPresent: boolean,
): Transport {
  // "No local" keeps what we publish from coming back; retain handling 1 asks for retained messages only when new.
  const mqtt5Options = profile.protocolVersion === 5 ? { nl: true, rap: false, rh: 1 } : {}
  // mqtt.js ignores this once it is ending, and it does not end while a publish of its own waits for the broker.
  const destroy = () => {
    client.end(true)
    socket.destroy()
  }
  return {
    sessionPresent,
    subscribe(filters) {
      const request = Object.fromEntries(
        filters.map(({ topic, qos }) => [topic, { qos: qos as 0 | 1 | 2, ...mqtt5Options }]),
      )
      return withTimeout('SUBACK', (resolve, reject) => {
        client.subscribe(request, (error, _subscriptions, packet) => {
          const granted = (packet as { granted?: number[] } | undefined)?.granted
          // mqtt.js reports one refused filter as an error of all; the codes tell them apart.
          if (granted && granted.length === filters.length) resolve(granted)
          else reject(error ?? new Error('SUBACK without a code for each filter'))
        })
      })
    },
    unsubscribe: (topics) =>
      withTimeout('UNSUBACK', (resolve, reject) => {
        client.unsubscribe([...topics], (error) => (error ? reject(error) : resolve()))
      }),
    publish: (topic, payload, options) => publish(client, topic, payload, options),
    acknowledge(messages) {
      if (!socket.writable) return
      // A broker that sends and does not read would fill our memory with them.
      if (socket.writableLength > UNREAD_BYTES)
        socket.destroy(new Error('the broker does not read our acknowledgements'))
      else socket.write(encodeAcknowledgements(messages))
    },
    disconnect: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => {
          destroy()
          resolve()
        }, 1_000)
        client.end(false, () => {
          clearTimeout(force)
          resolve()
        })
      }),
    destroy,
  }
}

/** See {@link Transport.publish}. */
function publish(
  client: MqttClient,
  topic: string,
  payload: Buffer,
  options: { qos: 0 | 1 | 2; retain: boolean },
): Promise<void> {
  // mqtt.js would keep it for the next connection, which this client never has.
  if (!client.connected || client.disconnecting) return Promise.reject(new Error('the connection is closing'))
  return new Promise((resolve, reject) => {
    const closed = () => unacknowledged('the connection closed before the broker acknowledged')
    const awaited = options.qos === 0 ? 'sending' : 'acknowledgement'
    const timer = setTimeout(
      () => unacknowledged(`no ${awaited} within ${ACKNOWLEDGEMENT_TIMEOUT / 1_000} s`),
      ACKNOWLEDGEMENT_TIMEOUT,
    )
    const settled = () => {
      clearTimeout(timer)
      client.removeListener('close', closed)
    }
    const unacknowledged = (reason: string) => {
      settled()
      reject(new UnacknowledgedError(reason))
    }
    client.once('close', closed)
    client.publish(topic, payload, options, (error) => {
      if (!error) {
        settled()
        resolve()
      } else if (typeof (error as { code?: unknown }).code === 'number') {
        // The reason code of an MQTT 5 PUBACK or PUBREC (3.4.2.1, 3.5.2.1): the broker has answered, with no.
        settled()
        reject(error)
      } else {
        unacknowledged(error.message)
      }
    })
  })
}

/** PUBACK 0x40 or PUBREC 0x50, length 2, packet id: the short form is also MQTT 5's for success (3.4.2.1, 3.5.2.1). */
function encodeAcknowledgements(messages: readonly { packetId: number; qos: 1 | 2 }[]): Buffer {
  const bytes = Buffer.allocUnsafe(messages.length * 4)
  let offset = 0
  for (const { packetId, qos } of messages) {
    bytes[offset] = qos === 1 ? 0x40 : 0x50
    bytes[offset + 1] = 2
    bytes.writeUInt16BE(packetId, offset + 2)
    offset += 4
  }
  return bytes
}

function withTimeout<Result>(
  what: string,
  executor: (resolve: (result: Result) => void, reject: (error: Error) => void) => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${what} within ${ANSWER_TIMEOUT / 1_000} s`)), ANSWER_TIMEOUT)
    executor(
      (result) => {
        clearTimeout(timer)
        resolve(result)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
