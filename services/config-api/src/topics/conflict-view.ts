import type { EstateTopicConflict, TopicConflict } from '@iomt/contracts/rest/topics'
import type { ClientIdCollision } from './client-id-collisions.ts'
import type { PlaceConflict } from './topic-conflicts.ts'
import type { TopicPlace } from './topic-place.ts'

const WHAT_TO_DO = {
  'same-topic':
    'Choose another mqtt_topic_suffix, disable one of the sockets, or give each its own payload_config.channel.',
  'subtree-overlap':
    'Move one of the topics, switch payload_config.subtree off, or give each its own payload_config.channel.',
  'client-id':
    'Change something of one connection, for example mqtt_config.keepalive by a second: the client id is made from it.',
} as const
const SHOWN_TOPIC = 200

/** A conflict as the socket `self` has it; sockets of other organizations than the caller's are not shown. */
export function conflictOf(self: TopicPlace, conflict: PlaceConflict, tenant: string | null): TopicConflict {
  const { kind, socket, other } = conflict
  const opponent = socket === self ? other : socket
  const visible = isVisible(opponent, tenant)
  const name = nameOf(opponent, tenant)
  const on = `on ${self.host}:${self.port}`
  const detail =
    kind === 'same-topic'
      ? `The topic ${shown(self.topic)} ${on} belongs to ${name}: each message would count for both.`
      : socket === self
        ? `The topic ${shown(self.topic)} ${on} lies below that of ${name}, which takes its whole subtree.`
        : `The subtree ${shown(self.topic)}/# ${on} contains the topic of ${name}.`
  return { kind, ...(visible ? refOf(opponent) : UNSEEN), detail, what_to_do: WHAT_TO_DO[kind] }
}

/** The same as an item of the list over the estate; the socket that is the caller's comes first. */
export function estateConflictOf(conflict: PlaceConflict, tenant: string | null): EstateTopicConflict {
  const { socket, other } = conflict
  const self = isVisible(socket, tenant) ? socket : other
  const { kind, detail, what_to_do, ...opponent } = conflictOf(self, conflict, tenant)
  return {
    kind,
    broker: `${self.host}:${self.port}`,
    ...refOf(self),
    other: opponent.socket_id === null ? null : opponent,
    detail: `${capitalized(nameOf(self, tenant))}: ${detail}`,
    what_to_do,
  }
}

export function collisionView(
  { clientId, socket, other }: ClientIdCollision,
  tenant: string | null,
): EstateTopicConflict {
  const [self, opponent] = isVisible(socket, tenant) ? [socket, other] : [other, socket]
  return {
    kind: 'client-id',
    broker: `${self.host}:${self.port}`,
    ...refOf(self),
    other: isVisible(opponent, tenant) ? refOf(opponent) : null,
    detail: `The connections of ${nameOf(self, tenant)} and of ${nameOf(opponent, tenant)} would both be the client ${clientId}: the broker closes one when the other connects.`,
    what_to_do: WHAT_TO_DO['client-id'],
  }
}

export function isVisible({ organizationId }: TopicPlace, tenant: string | null): boolean {
  return tenant === null || organizationId === tenant
}

const UNSEEN = { socket_id: null, socket_number: null, pdu_id: null, pdu_code: null, topic: null }

function refOf({ socketId, socketNumber, pduId, pduCode, topic }: TopicPlace) {
  return { socket_id: socketId, socket_number: socketNumber, pdu_id: pduId, pdu_code: pduCode, topic }
}

function nameOf(place: TopicPlace, tenant: string | null): string {
  if (!isVisible(place, tenant)) return 'a socket of another organization'
  return `socket ${place.socketNumber ?? '(new)'} of PDU ${place.pduCode ?? '(new)'}`
}

function shown(topic: string): string {
  return topic.length > SHOWN_TOPIC ? `${topic.slice(0, SHOWN_TOPIC)}…` : topic
}

const capitalized = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`
