export const ADVICE_ON_SUBSCRIBING =
  "Allow the socket's user to subscribe to it, or correct the topic; the log of the broker may say more."

/** What to do about a device of which nothing comes. */
export function adviceOnSilence(broker: string | null, topic: string | null): string {
  const device = `Is the device switched on and connected to ${broker}, and does it publish on exactly this topic?`
  return `${device} ${commandToListen(broker, topic)} shows what comes.`
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
function commandToListen(broker: string | null, topic: string | null): string {
  const [, host, port] = /^(.*):(\d+)$/.exec(broker ?? '') ?? []
  return `mosquitto_sub -h ${host} -p ${port} -t '${(topic ?? '').replaceAll("'", String.raw`'\''`)}' -v`
}
