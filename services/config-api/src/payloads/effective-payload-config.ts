import type { PayloadConfig } from '@iomt/contracts/payload-config'
import { type RawBuilder, sql } from 'kysely'

/**
 * The shared configuration that the socket refers to by id or name, null when it refers to none; an id counts before a name.
 * For queries in which the socket has the name that is given and its PDU is `pdu`.
 */
export function profileConfigOf(socket: 'sockets' | 'socket'): RawBuilder<Record<string, unknown> | null> {
  const reference = sql`${sql.ref(`${socket}.payload_config`)} ->> 'profile'`
  return sql`case when ${reference} is not null then (
    select profile.payload_config from payload_profiles profile
    where profile.organization_id = pdu.organization_id and (profile.id::text = ${reference} or profile.name = ${reference})
    order by profile.id::text = ${reference} desc limit 1) end`
}

/** What a gateway goes by: the shared configuration, and in its place whatever the socket says itself. */
export function effectivePayloadConfig(
  own: Record<string, unknown> | null,
  shared: Record<string, unknown> | null,
): PayloadConfig | null {
  if (own === null) return null
  const { profile: _profile, ...rest } = own
  // What is stored was checked against the schema when it was written.
  return { ...shared, ...rest } as PayloadConfig
}
