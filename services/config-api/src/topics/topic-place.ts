import type { Database } from '@iomt/database/connect'
import { type RawBuilder, sql } from 'kysely'
import { profileConfigOf } from '../payloads/effective-payload-config.ts'

/** An enabled socket as far as conflicts of topics are concerned. */
export interface TopicPlace {
  /** Null for one that is not saved yet. */
  readonly socketId: string | null
  readonly socketNumber: number | null
  readonly pduId: string | null
  readonly pduCode: string | null
  readonly organizationId: string | null
  readonly topic: string
  /** In lower case. */
  readonly host: string
  readonly port: number
  /** Tells sockets with one topic apart. */
  readonly channel: string | null
  /** Takes all topics below its own, too. */
  readonly subtree: boolean
}

/** Where topics are looked for: a broker, and all candidates on it. */
export interface TopicSearch {
  readonly host: string
  readonly port: number
  readonly topics: readonly string[]
  /** Those of them whose socket takes its subtree. */
  readonly subtrees: readonly string[]
}

const TOPIC = sql`(pdu.mqtt_base_topic || '/' || socket.mqtt_topic_suffix)`
const HOST = sql`lower(coalesce(socket.mqtt_broker_host, pdu.mqtt_broker_host))`
const PORT = sql`case when socket.mqtt_broker_host is null then pdu.mqtt_broker_port else socket.mqtt_broker_port end`
const SUBTREE = sql`coalesce(socket.payload_config -> 'subtree', (${profileConfigOf('socket')}) -> 'subtree', 'false') = 'true'`

/** Every enabled socket with a topic and a broker. */
export async function allPlaces(database: Database): Promise<TopicPlace[]> {
  return await select(database, sql`true`)
}

/**
 * The enabled sockets on the broker that may be in conflict with one of the topics. `base/suffix` may be cut at any slash, so
 * PDUs with any of these base topics can meet them, or contain them; only of a candidate that takes its subtree do all
 * sockets have to be compared.
 */
export async function placesMeeting(
  database: Database,
  { host, port, topics, subtrees }: TopicSearch,
): Promise<TopicPlace[]> {
  const prefixes = [...new Set(topics.flatMap(prefixesOf))]
  const same = sql`pdu.mqtt_base_topic = any(${prefixes}::text[]) and (${TOPIC} = any(${[...topics]}::text[]) or ${SUBTREE})`
  const below = sql`exists (select from unnest(${subtrees.map((topic) => `${topic}/`)}::text[]) as above(prefix) where starts_with(${TOPIC}, above.prefix))`
  return await select(
    database,
    sql`${HOST} = ${host.toLowerCase()} and ${PORT} = ${port} and ((${same})${subtrees.length > 0 ? sql` or ${below}` : sql``})`,
  )
}

async function select(database: Database, condition: RawBuilder<unknown>): Promise<TopicPlace[]> {
  const { rows } = await sql<TopicPlace>`
    select socket.id as "socketId", socket.socket_number as "socketNumber", socket.pdu_id as "pduId",
      pdu.code as "pduCode", pdu.organization_id as "organizationId", ${TOPIC} as topic, ${HOST} as host, ${PORT} as port,
      socket.payload_config ->> 'channel' as channel, ${SUBTREE} as subtree
    from power_distribution_units pdu join sockets socket on socket.pdu_id = pdu.id
    where socket.is_enabled and ${TOPIC} is not null and ${HOST} is not null and (${condition})
    order by socket.id`.execute(database)
  return rows
}

/** `a/b/c` -> `a`, `a/b`: the base topics, of at most 255 characters, that it may have. */
function prefixesOf(topic: string): string[] {
  const prefixes: string[] = []
  for (let slash = topic.indexOf('/'); slash > 0 && slash <= 255; slash = topic.indexOf('/', slash + 1)) {
    prefixes.push(topic.slice(0, slash))
  }
  return prefixes
}
