const NAMESPACE = 'spBv1.0'

/** What a Sparkplug B topic says (specification 3.0, section 4.1): `spBv1.0/{group}/{type}/{edge node}[/{device}]`. */
export interface SparkplugAddress {
  /** `NBIRTH`, `DDATA`, … */
  readonly type: string
  /** `group/edge node` */
  readonly node: string
  readonly device: string | null
}

/** The address in a topic, behind any prefix that a bridge has put before it; null when it is none. */
export function sparkplugAddress(topic: string): SparkplugAddress | null {
  const at = namespaceAt(topic)
  if (at < 0) return null
  const [, group, type, edge, device] = topic.slice(at).split('/')
  if (group === undefined || type === undefined || edge === undefined) return null
  return { type, node: `${group}/${edge}`, device: device ?? null }
}

/**
 * The topics on which an edge node and a device are born and die, for a topic on which one of them publishes its data; none
 * for any other topic. Without the BIRTH, DATA by alias means nothing; a device dies with its node.
 */
export function certificateTopics(topic: string): readonly string[] {
  const address = sparkplugAddress(topic)
  if (address?.type !== 'NDATA' && address?.type !== 'DDATA') return []
  const prefix = topic.slice(0, namespaceAt(topic))
  const [group, edge] = address.node.split('/') as [string, string]
  const of = (type: string, device: string | null) =>
    `${prefix}${NAMESPACE}/${group}/${type}/${edge}${device === null ? '' : `/${device}`}`
  if (address.device === null) return [of('NBIRTH', null), of('NDEATH', null)]
  return [of('DBIRTH', address.device), of('DDEATH', address.device), of('NDEATH', null)]
}

/** Where the edge node of a topic takes commands; null for a topic that is not Sparkplug's. */
export function commandTopic(topic: string): string | null {
  const address = sparkplugAddress(topic)
  if (address === null) return null
  const [group, edge] = address.node.split('/') as [string, string]
  return `${topic.slice(0, namespaceAt(topic))}${NAMESPACE}/${group}/NCMD/${edge}`
}

function namespaceAt(topic: string): number {
  const at = topic.indexOf(`${NAMESPACE}/`)
  return at === 0 || topic[at - 1] === '/' ? at : -1
}
