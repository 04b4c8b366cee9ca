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

/** One organization with `pdus` PDUs, a device on each socket, and the current state of every device. */
export async function fillEstate(pool: pg.Pool, pdus: number, since: Date): Promise<void> {
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
     select ${idOf(3, 'n')}, ${idOf(1, `n / ${SOCKETS_PER_PDU}`)}, n % ${SOCKETS_PER_PDU}, ${idOf(4, 'n')}, $2
     from generate_series(0, $1::int - 1) n`,
    [sockets, since],
  )
  await run(
    `insert into socket_assignments (id, socket_id, device_id, assigned_at)
     select gen_random_uuid(), ${idOf(3, 'n')}, ${idOf(4, 'n')}, $2 from generate_series(0, $1::int - 1) n`,
    [sockets, since],
  )
  await run(
    `insert into device_current_state (device_id, socket_id, voltage, current, active_power, power_factor, energy, relay_on,
       measured_at, last_seen_at)
     select ${idOf(4, 'n')}, ${idOf(3, 'n')}, 230.4, 0.31, 69.8, 0.97, 12.345, true, now(), now()
     from generate_series(0, $1::int - 1) n`,
    [sockets],
  )
}
