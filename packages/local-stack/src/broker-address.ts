import { FlagError } from './flags.ts'

/** An MQTT broker as the ward and the PDUs need it. */
export interface BrokerAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username: string | null
  readonly password: string | null
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 }

/**
 * Reads a broker's URL, `mqtt://user:password@host:port`.
 *
 * @throws FlagError that does not quote it: it may hold a password.
 */
export function parseBrokerUrl(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : null
  const port = DEFAULT_PORTS[url?.protocol ?? '']
  if (!url || port === undefined || url.hostname === '') {
    throw new FlagError('MQTT_URL must be mqtt://host or mqtts://host, with :port when it is not 1883 or 8883')
  }
  const username = decode(url.username)
  const password = decode(url.password)
  if (password !== null && username === null) throw new FlagError('MQTT_URL has a password and no user')
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || port),
    tls: url.protocol === 'mqtts:',
    username,
    password,
  }
}

function decode(part: string): string | null {
  try {
    return part === '' ? null : decodeURIComponent(part)
  } catch {
    throw new FlagError('MQTT_URL has a % in its user or password that stands for nothing; write %25')
  }
}
