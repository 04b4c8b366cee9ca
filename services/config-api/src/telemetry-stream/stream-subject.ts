import { TELEMETRY_SUBJECTS } from '@iomt/contracts/subjects'

/** The codes that stand in the subjects of a filter's readings, as the database has them now. */
export interface SubjectPlace {
  readonly organizationCode: string | null
  readonly departmentCode: string | null
  readonly pduCode: string | null
  readonly socketNumber: number | null
  readonly deviceId: string | null
  /** When the newest of these was changed; readings from before may stand under other codes. */
  readonly changedAt: Date | null
}

/** Milliseconds in which gateways may still use the codes from before a change, and clocks may differ. */
const MARGIN = 600_000

/** Whether messages since `since` may stand under other codes than a row has that was last changed at `changedAt`. */
export function mayHaveMoved(changedAt: Date, since: Date): boolean {
  return changedAt.getTime() + MARGIN > since.getTime()
}

/**
 * The narrowest subject under which every reading since `since` stands that the filter lets through. It only spares the
 * server work: whether a reading passes is decided by its ids. One subject, because nats-server 2.9 takes no list.
 */
export function catchUpSubject(place: SubjectPlace, since: Date): string {
  // A device id stands in the subject itself and never changes.
  if (place.deviceId !== null) return `iomt.v1.telemetry.*.*.*.*.${place.deviceId}`
  if (place.organizationCode === null) return TELEMETRY_SUBJECTS
  if (place.changedAt === null || mayHaveMoved(place.changedAt, since)) return TELEMETRY_SUBJECTS
  const tokens = [place.organizationCode, place.departmentCode ?? '*', place.pduCode ?? '*', place.socketNumber ?? '*']
  return `iomt.v1.telemetry.${tokens.join('.')}.*`
}
