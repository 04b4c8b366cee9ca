export const ADVICE_ON_SUBSCRIBING = "Allow the socket's user to subscribe to it, or correct the topic."

/** What to do about a device of which nothing comes. */
export function adviceOnSilence(broker: string | null, topic: string | null): string {
  const device = `Is the device switched on and connected to ${broker}, and does it publish on exactly this topic?`
  return `${device} ${commandToListen(broker, topic)} shows what comes.`
}

/** What to do about a connection that failed so; by what Node, TLS and brokers say. */
export function adviceOnConnecting(error: string | null): string {
  if (/no broker is looked for|BROKER_NETWORKS/.test(error ?? ''))
    return 'Correct mqtt_broker_host, or let operations staff add its network to BROKER_NETWORKS of the gateways.'
  if (/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|timeout/i.test(error ?? ''))
    return 'Does the broker run, and can the gateways reach it at this host and port (firewall)?'
  if (/ENOTFOUND|EAI_AGAIN/.test(error ?? '')) return 'Correct mqtt_broker_host: the gateways find no such host.'
  if (/not authori[sz]ed|bad user ?name|password|identifier/i.test(error ?? ''))
    return 'Correct mqtt_credentials, or allow this user at the broker.'
  if (/before secure TLS|EPROTO|wrong version number/i.test(error ?? ''))
    return 'Does this port speak TLS? 8883 usually does, 1883 does not.'
  if (/certificate|self-signed|altname|TLS|SSL/i.test(error ?? ''))
    return 'Correct mqtt_config.tls: ca, server_name, or cert and key.'
  if (/closed the connection|ECONNRESET/i.test(error ?? ''))
    return 'Does this port want TLS (mqtt_config.tls)? If not, the log of the broker says why it closes.'
  return 'See the log of the broker.'
}

/** To be pasted into a shell: a topic may hold anything. */
function commandToListen(broker: string | null, topic: string | null): string {
  const [, host, port] = /^(.*):(\d+)$/.exec(broker ?? '') ?? []
  return `mosquitto_sub -h ${host} -p ${port} -t '${(topic ?? '').replaceAll("'", String.raw`'\''`)}' -v`
}
