export const ADVICE_ON_SUBSCRIBING =
  "Allow the socket's user to subscribe to it, or correct the topic; the log of the broker may say more."

export const ADVICE_ON_OUTBOX =
  'Ask again in some seconds; if it stays so, look at iomt_config_api_outbox_backlog in /metrics.'

export const ADVICE_ON_WRITERS =
  'Is a telemetry-writer running, and does Postgres answer it? Its /readyz says what is missing.'

export const ADVICE_ON_NO_READINGS =
  'Do format and channel of payload_config fit what comes? See GET /sockets/{id}/samples. States, last wills and retained messages are no readings.'

/** What to do about a device of which nothing comes. */
export function adviceOnSilence(broker: string | null, topic: string | null): string {
  const device = `Is the device switched on and connected to ${broker ?? 'its broker'}, and does it publish on exactly this topic?`
  return broker === null || topic === null ? device : `${device} ${commandToListen(broker, topic)} shows what comes.`
}

/** What to do about a connection that failed so; by what Node, TLS and brokers say. */
export function adviceOnConnecting(error: string | null): string {
  return ON_CONNECTING.find(([said]) => said.test(error ?? ''))?.[1] ?? 'See the log of the broker.'
}

/** The first that fits counts: a message may hold a host's name, which may be anything. */
const ON_CONNECTING: ReadonlyArray<readonly [said: RegExp, advice: string]> = [
  [/where no broker is looked for/, 'Correct mqtt_broker_host.'],
  [
    /of BROKER_NETWORKS/,
    'Correct mqtt_broker_host, or let operations staff add its network to BROKER_NETWORKS of the gateways.',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'Correct mqtt_broker_host: the gateways find no such host.'],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|timeout/i,
    'Does the broker run, and can the gateways reach it at this host and port (firewall)?',
  ],
  [
    /could not be stored/,
    'Does NATS take messages? See the log of the gateway, and whether the stream of readings is full.',
  ],
  [/sealed with key|credential/i, 'Send mqtt_credentials again, or give the gateways the key file of config-api.'],
  [/protocol version/i, 'Set mqtt_config.protocol_version to the one that the broker speaks, 4 or 5.'],
  [/identifier/i, 'Allow client ids that begin with iomt- at the broker.'],
  [/not authori[sz]ed|bad user ?name|password/i, 'Correct mqtt_credentials, or allow this user at the broker.'],
  [/before secure TLS|EPROTO|wrong version number/i, 'Does this port speak TLS? 8883 usually does, 1883 does not.'],
  [
    /certificate|self-signed|altname|TLS|SSL|PEM|DECODER/i,
    'Correct mqtt_config.tls: ca, server_name, or cert and key.',
  ],
  [
    /closed the connection|ECONNRESET/i,
    'Does this port want TLS (mqtt_config.tls)? If not, the log of the broker says why it closes.',
  ],
]

/** To be pasted into a shell: a topic may hold anything. */
function commandToListen(broker: string, topic: string): string {
  const [, host, port] = /^(.*):(\d+)$/.exec(broker) ?? []
  return `mosquitto_sub -h ${host} -p ${port} -t '${topic.replaceAll("'", String.raw`'\''`)}' -v`
}
