import { createHash } from 'node:crypto'
import { topicLengthProblem } from '@iomt/contracts/topics'
import type { Schema } from '@iomt/database/schema'
import { sql, type Transaction } from 'kysely'
import { invalidField, Refusal } from '../changes/refusal.ts'

/** First half of the advisory lock ids; keeps them apart from every other use of advisory locks. */
const TOPIC_LOCKS = 0x746f7069

interface Conflict {
  socket_number: number
  topic: string
  host: string
  port: number
  other_number: number
  other_pdu: string
  same_organization: boolean
}

/**
 * Checks the topic of a socket that was just written, still in its transaction.
 *
 * Two enabled sockets on one broker with one topic would both get every message, so they are refused unless their
 * `payload_config.channel` tells them apart. Two transactions could each overlook what the other has not committed: one
 * lock a topic makes the second wait for the first and then see it.
 */
export async function checkTopicOfSocket(transaction: Transaction<Schema>, socketId: string): Promise<void> {
  const { rows } = await sql<{ topic: string | null }>`
    select pdu.mqtt_base_topic || '/' || socket.mqtt_topic_suffix as topic
    from sockets socket join power_distribution_units pdu on pdu.id = socket.pdu_id
    where socket.id = ${socketId}`.execute(transaction)
  const topic = rows[0]?.topic
  if (!topic) return
  const problem = topicLengthProblem(topic)
  if (problem) throw invalidField('/mqtt_topic_suffix', `is too long: ${problem}`)
  // Shared with other sockets, exclusive against a PDU that moves all of its topics at once.
  await sql`select pg_advisory_xact_lock_shared(${TOPIC_LOCKS}, 0), pg_advisory_xact_lock(${TOPIC_LOCKS}, ${lockOf(topic)})`.execute(
    transaction,
  )
  await refuseConflicts(transaction, sql`socket.id = ${socketId}`, [topic])
}

/** The same for every socket of a PDU, whose base topic or broker was just written. */
export async function checkTopicsOfPdu(transaction: Transaction<Schema>, pduId: string): Promise<void> {
  // One lock instead of one a socket: the server's lock table has about 6,400 places for everybody.
  await sql`select pg_advisory_xact_lock(${TOPIC_LOCKS}, 0)`.execute(transaction)
  const { rows } = await sql<{ topic: string }>`
    select pdu.mqtt_base_topic || '/' || socket.mqtt_topic_suffix as topic
    from sockets socket join power_distribution_units pdu on pdu.id = socket.pdu_id
    where pdu.id = ${pduId} and pdu.mqtt_base_topic is not null and socket.mqtt_topic_suffix is not null`.execute(
    transaction,
  )
  const topics = rows.map(({ topic }) => topic)
  for (const topic of topics) {
    const problem = topicLengthProblem(topic)
    if (problem) throw invalidField('/mqtt_base_topic', `is too long for a socket: ${problem}`)
  }
  if (topics.length > 0) await refuseConflicts(transaction, sql`socket.pdu_id = ${pduId}`, topics)
}

async function refuseConflicts(transaction: Transaction<Schema>, changed: ReturnType<typeof sql>, topics: string[]) {
  // `base/suffix` may be cut at any slash, so PDUs with any of these base topics can meet it; few PDUs do, and only their
  // sockets are read: 0.2 ms among 10,000 sockets, where comparing all topics takes 6.
  const { rows } = await sql<Conflict>`
    with changed as materialized (
      select socket.id, socket.socket_number, pdu.organization_id,
        pdu.mqtt_base_topic || '/' || socket.mqtt_topic_suffix as topic,
        lower(coalesce(socket.mqtt_broker_host, pdu.mqtt_broker_host)) as host,
        case when socket.mqtt_broker_host is null then pdu.mqtt_broker_port else socket.mqtt_broker_port end as port,
        socket.payload_config ->> 'channel' as channel
      from sockets socket join power_distribution_units pdu on pdu.id = socket.pdu_id
      where ${changed} and socket.is_enabled
    )
    select changed.socket_number, changed.topic, changed.host, changed.port, other.socket_number as other_number,
      pdu.code as other_pdu, pdu.organization_id = changed.organization_id as same_organization
    from power_distribution_units pdu
    join sockets other on other.pdu_id = pdu.id
    join changed on changed.id <> other.id
      and changed.topic = pdu.mqtt_base_topic || '/' || other.mqtt_topic_suffix
      and changed.host = lower(coalesce(other.mqtt_broker_host, pdu.mqtt_broker_host))
      and changed.port = case when other.mqtt_broker_host is null then pdu.mqtt_broker_port else other.mqtt_broker_port end
      and changed.channel is not distinct from other.payload_config ->> 'channel'
    where other.is_enabled and pdu.mqtt_base_topic = any(${[...new Set(topics.flatMap(prefixesOf))]}::text[])
    limit 1`.execute(transaction)
  const conflict = rows[0]
  if (!conflict) return
  // Another organization's estate is not shown, only that the topic is in use there.
  const other = conflict.same_organization
    ? `socket ${conflict.other_number} of PDU ${conflict.other_pdu}`
    : 'a socket of another organization'
  throw new Refusal(
    'topic-taken',
    `The topic ${conflict.topic.slice(0, 200)} on ${conflict.host}:${conflict.port} belongs to ${other}. Choose another topic, disable one of them, or give each its own payload_config.channel.`,
    [{ pointer: '/mqtt_topic_suffix', detail: `gives socket ${conflict.socket_number} a topic that ${other} has` }],
  )
}

/** `a/b/c` -> `a`, `a/b` */
function prefixesOf(topic: string): string[] {
  const levels = topic.split('/')
  // A base topic has at most 255 characters, so a hostile suffix of 30,000 levels adds nothing after that.
  return levels
    .slice(1, 257)
    .map((_, index) => levels.slice(0, index + 1).join('/'))
    .filter((prefix) => prefix.length <= 255)
}

/** 31 bits, never 0: that one stands for all topics. */
function lockOf(topic: string): number {
  return createHash('sha256').update(topic).digest().readUInt32BE() >>> 1 || 1
}
