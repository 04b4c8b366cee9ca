import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { AddressRule } from '@iomt/contracts/broker-address'
import { checkedLookup } from './checked-lookup.ts'
import type { ConnectionCredentials, ConnectionProfile } from './connection-profile.ts'
import { createPublishSplitter } from './publish-splitter.ts'
import type { TransportHandlers } from './transport.ts'

/** A network connection to a broker: what it carries beside messages is for the MQTT library. */
export interface BrokerStream {
  readonly socket: Socket
  /** All packets but PUBLISH in, everything out. */
  readonly control: Duplex
  /** Closes at once; where TCP allows it, what was sent and not read yet is taken back: a CONNECT must not arrive late. */
  abandon(): void
}

export interface BrokerStreamHandlers {
  readonly onPublish: TransportHandlers['onPublish']
  /** Reading is held back (true) or goes on. */
  readonly onHold: (held: boolean) => void
  readonly onFailure: (error: Error) => void
}

/**
 * Connects by TCP or TLS; failures end the stream after `onFailure`.
 *
 * @throws an error when the host is an address that may not be reached.
 */
export function openBrokerStream(
  profile: ConnectionProfile,
  credentials: ConnectionCredentials,
  handlers: BrokerStreamHandlers,
  mayReach: AddressRule,
): BrokerStream {
  const socket = open(profile, credentials, mayReach)
  // An acknowledgement of four bytes must not wait for the peer's TCP acknowledgement.
  socket.setNoDelay(true)
  const control = new Duplex({
    // The library keeps up: what is not a PUBLISH is rare.
    read() {},
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy()
      done(error)
    },
  })
  const splitter = createPublishSplitter(profile.protocolVersion, {
    onPublish: handlers.onPublish,
    onOther: (packet) => void control.push(packet),
    onMalformed(reason) {
      handlers.onFailure(new Error(`the broker sent ${reason}`))
      control.destroy()
    },
    onHold(held) {
      if (held) socket.pause()
      else socket.resume()
      handlers.onHold(held)
    },
  })
  socket.on('data', splitter.push)
  socket.on('end', () => control.push(null))
  socket.on('error', handlers.onFailure)
  socket.on('close', () => control.destroy())
  return {
    socket,
    control,
    abandon() {
      // Over TLS nothing is sent before the handshake is done, and Node cannot reset it.
      if (profile.tls) socket.destroy()
      else socket.resetAndDestroy()
    },
  }
}

function open(profile: ConnectionProfile, credentials: ConnectionCredentials, mayReach: AddressRule): Socket {
  const { host, port, tls } = profile
  // Node looks up names only.
  const problem = isIP(host) > 0 ? mayReach(host) : null
  if (problem !== null) throw new Error(problem)
  const lookup = checkedLookup(mayReach)
  if (!tls) return connectTcp({ host, port, lookup })
  const name = tls.serverName ?? host
  return connectTls({
    host,
    port,
    lookup,
    rejectUnauthorized: tls.verify,
    // RFC 6066: no addresses in SNI; the certificate is checked against the host all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(tls.ca ? { ca: tls.ca } : {}),
    ...(tls.cert ? { cert: tls.cert } : {}),
    ...(credentials.tlsKey ? { key: credentials.tlsKey } : {}),
  })
}
