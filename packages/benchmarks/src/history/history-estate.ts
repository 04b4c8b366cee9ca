import type pg from 'pg'

/** Sockets on each PDU, and PDUs of each department. */
export const SOCKETS_PER_PDU = 25
export const PDUS_PER_DEPARTMENT = 10

/** Ids are made from numbers, so that a benchmark can name what it asks for. */
export const pduId = (pdu: number) => benchmarkId(1, pdu)
export const departmentId = (department: number) => benchmarkId(2, department)
export const socketId = (socket: number) => benchmarkId(3, socket)
export const deviceId = (device: number) => benchmarkId(4, device)
const ORGANIZATION = benchmarkId(5, 0)

function benchmarkId(kind: number, number: number): string {
  return `0190a6f0-000${kind}-7000-8000-${number.toString(16).padStart(12, '0')}`
}

/** The SQL of the same ids. */
export const idOf = (kind: number, number: string) =>
  `('0190a6f0-000${kind}-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`

/** Sockets of a PDU that is not steady whose devices have changed places, in pairs. */
export const MOVED_SOCKETS = 4

export interface HistoryEstate {
  /** First day, at midnight UTC. */
  readonly start: Date
  readonly pdus: number
  /** PDUs in which every socket has had its device from the start; the others have {@link MOVED_SOCKETS} of another. */
  readonly steadyPdus: number
  /** When devices changed places; amid an hour, so that the hour and the day have two rows of those sockets. */
  readonly movedAt: Date
}

/** The SQL of which device was on which socket: `n` of the socket, `device`, `since`, and `until`, null for now. */
export function staysOf({ start, pdus, steadyPdus, movedAt }: HistoryEstate): string {
  const time = (date: Date) => `'${date.toISOString()}'::timestamptz`
  const moved = `(n >= ${steadyPdus * SOCKETS_PER_PDU} and n % ${SOCKETS_PER_PDU} < ${MOVED_SOCKETS})`
  const neighbour = `n + 1 - n % ${SOCKETS_PER_PDU} % 2 * 2`
  const sockets = `generate_series(0, ${pdus * SOCKETS_PER_PDU - 1}) n`
  return `(
    select n, n as device, case when ${moved} then ${time(movedAt)} else ${time(start)} end as since,
      null::timestamptz as until from ${sockets}
    union all
    select n, ${neighbour}, ${time(start)}, ${time(movedAt)} from ${sockets} where ${moved}) stays`
}

/** One organization with `pdus` PDUs, a device on each socket, and the current state of every device. */
export async function fillEstate(pool: pg.Pool, estate: HistoryEstate): Promise<void> {
  const { pdus } = estate
  const sockets = pdus * SOCKETS_PER_PDU
  const departments = Math.ceil(pdus / PDUS_PER_DEPARTMENT)
  const run = (text: string, values: unknown[] = []) => pool.query(text, values)
  await run(`insert into organizations (id, code, name) values ('${ORGANIZATION}', 'bench', 'Benchmark')`)
  await run(
    `insert into departments (id, organization_id, code, name)
     select ${idOf(2, 'n')}, '${ORGANIZATION}', 'department-' || n, 'Department ' || n from generate_series(0, $1::int - 1) n`,
    [departments],
  )
  await run(
    `insert into power_distribution_units (id, organization_id, department_id, code, name)
     select ${idOf(1, 'n')}, '${ORGANIZATION}', ${idOf(2, `n / ${PDUS_PER_DEPARTMENT}`)}, 'pdu-' || n, 'PDU ' || n
     from generate_series(0, $1::int - 1) n`,
    [pdus],
  )
  await run(
    `insert into devices (id, organization_id, name)
     select ${idOf(4, 'n')}, '${ORGANIZATION}', 'Device ' || n from generate_series(0, $1::int - 1) n`,
    [sockets],
  )
  await run(
    `insert into sockets (id, pdu_id, socket_number, device_id, assigned_at)
     select ${idOf(3, 'n')}, ${idOf(1, `n / ${SOCKETS_PER_PDU}`)}, n % ${SOCKETS_PER_PDU}, ${idOf(4, 'device')}, since
     from ${staysOf(estate)} where until is null`,
  )
  await run(
    `insert into socket_assignments (id, socket_id, device_id, assigned_at, unassigned_at)
     select gen_random_uuid(), ${idOf(3, 'n')}, ${idOf(4, 'device')}, since, until from ${staysOf(estate)}`,
  )
  await run(
    `insert into device_current_state (device_id, socket_id, voltage, current, active_power, power_factor, energy, relay_on,
       measured_at, last_seen_at)
     select ${idOf(4, 'n')}, ${idOf(3, 'n')}, 230.4, 0.31, 69.8, 0.97, 12.345, true, now(), now()
     from generate_series(0, $1::int - 1) n`,
    [sockets],
  )
}
