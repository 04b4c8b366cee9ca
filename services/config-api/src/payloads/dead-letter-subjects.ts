import { type DeadLetterStage, NO_TOKEN } from '@iomt/contracts/subjects'
import type { Database } from '@iomt/database/connect'
import { mayHaveMoved } from '../telemetry-stream/stream-subject.ts'

/** The codes in the subjects of a socket's dead letters as they are now, and when the rows that have them last changed. */
export interface SubjectCodes {
  readonly organization_code: string
  readonly organization_changed: Date
  /** Null, both: the PDU is in no department. */
  readonly department_code: string | null
  readonly department_changed: Date | null
  readonly pdu_code: string
  readonly pdu_changed: Date
  readonly socket_number: number
  readonly socket_changed: Date
}

export async function readSubjectCodes(database: Database, socketIds: readonly string[]): Promise<SubjectCodes[]> {
  if (socketIds.length === 0) return []
  return await database
    .selectFrom('sockets')
    .innerJoin('power_distribution_units as pdu', 'pdu.id', 'sockets.pdu_id')
    .innerJoin('organizations as organization', 'organization.id', 'pdu.organization_id')
    .leftJoin('departments as department', 'department.id', 'pdu.department_id')
    .select(['organization.code as organization_code', 'organization.updated_at as organization_changed'])
    .select(['department.code as department_code', 'department.updated_at as department_changed'])
    .select(['pdu.code as pdu_code', 'pdu.updated_at as pdu_changed'])
    .select(['sockets.socket_number', 'sockets.updated_at as socket_changed'])
    .where('sockets.id', 'in', socketIds)
    .execute()
}

/**
 * The narrowest subjects, by stage, under which every dead letter since `since` of all these sockets stands. Others' stand
 * there too: whose a letter is, is decided by its socket id.
 */
export function deadLetterSubjects(
  sockets: readonly SubjectCodes[],
  since: Date,
): Readonly<Record<DeadLetterStage, string>> {
  const token = (codeOf: (socket: SubjectCodes) => string | number, changesOf: (socket: SubjectCodes) => Date[]) => {
    const [code = '*', ...others] = new Set(sockets.map(codeOf))
    const moved = sockets.flatMap(changesOf).some((changedAt) => mayHaveMoved(changedAt, since))
    return others.length > 0 || moved ? '*' : code
  }
  const place = [
    token(
      (socket) => socket.organization_code,
      (socket) => [socket.organization_changed],
    ),
    token(
      (socket) => socket.department_code ?? NO_TOKEN,
      // A changed PDU may have been in another department.
      (socket) => [socket.pdu_changed, ...(socket.department_changed ? [socket.department_changed] : [])],
    ),
    token(
      (socket) => socket.pdu_code,
      (socket) => [socket.pdu_changed],
    ),
    token(
      (socket) => socket.socket_number,
      (socket) => [socket.socket_changed],
    ),
  ].join('.')
  return { decode: `iomt.v1.deadletter.decode.${place}`, store: `iomt.v1.deadletter.store.${place}` }
}
