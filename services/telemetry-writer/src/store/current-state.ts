import { MEASUREMENT_NAMES, type Measurements } from '@iomt/contracts/measurements'
import type pg from 'pg'
import {
  advanceOf,
  type DeviceState,
  mergeReadings,
  type StateAdvance,
  type StateReading,
} from '../batch/merge-state.ts'
import { booleanArray, doubleArray, instantArray, textArray, uuidArray } from './binary-array.ts'
import type { Reading } from './reading.ts'

type Column = readonly [name: string, sentAs: string, toStored?: (sent: string) => string]
const jsonb = (sent: string) => `${sent}::jsonb`
const COLUMNS: readonly Column[] = [
  ['device_id', 'uuid'],
  ['socket_id', 'uuid'],
  ...MEASUREMENT_NAMES.map((name) => [name, name === 'relay_on' ? 'boolean' : 'float8'] as const),
  ['phases', 'text', jsonb],
  ['extra', 'text', jsonb],
  ['measured_at', 'timestamptz'],
  ['last_seen_at', 'timestamptz'],
]
const names = COLUMNS.map(([name]) => name).join(', ')
const value = ([name, , toStored]: Column) => (toStored ? toStored(`n.${name}`) : `n.${name}`)
const values = COLUMNS.map(value).join(', ')
const arrays = COLUMNS.map(([, sentAs], index) => `$${index + 1}::${sentAs}[]`).join(', ')
const source = `unnest(${arrays}) as n(${names})`

// By device id everywhere: two writers with the same devices lock them in the same order and cannot deadlock.
const LOCKED = 'from device_current_state where device_id = any($1::uuid[]) order by device_id for update'
const LOCK = `select count(*) from (select 1 ${LOCKED}) as locked`
const READ = `select ${names} ${LOCKED}`
const INSERT = `insert into device_current_state (${names}) select ${values} from ${source} order by n.device_id
  on conflict (device_id) do nothing returning device_id`
const UPDATE = `update device_current_state s
  set ${COLUMNS.slice(1)
    .map((column) => `${column[0]} = ${value(column)}`)
    .join(', ')}, updated_at = now()
  from ${source} where s.device_id = n.device_id`
/** Lays what a batch says over what is stored, where none of it is older. */
const ADVANCE = `update device_current_state s set
  socket_id = n.socket_id,
  ${MEASUREMENT_NAMES.map((name) => `${name} = coalesce(n.${name}, s.${name})`).join(', ')},
  ${['phases', 'extra'].map((name) => `${name} = coalesce(s.${name} || n.${name}::jsonb, n.${name}::jsonb, s.${name})`).join(', ')},
  measured_at = n.measured_at,
  last_seen_at = greatest(s.last_seen_at, n.last_seen_at),
  updated_at = now()
  from unnest(${arrays}, $${COLUMNS.length + 1}::timestamptz[]) as n(${names}, since)
  where s.device_id = n.device_id and s.measured_at <= n.since`

/**
 * Merges the readings of each device into its row. Nearly always each reading is newer than the row: then one statement
 * lays them over it without reading it. What else there is (late readings, retained snapshots, devices without a row) is
 * read under the row's lock, merged by the same pure function that the tests check against a model, and written back.
 */
export async function mergeIntoCurrentState(client: pg.ClientBase, readings: readonly Reading[]): Promise<void> {
  const byDevice = groupByDevice(readings)
  if (byDevice.size === 0) return
  await client.query(LOCK, [uuidArray([...byDevice.keys()])])
  await mergeUnderLock(client, await advance(client, byDevice))
}

/** @returns the devices that have to be merged reading by reading. */
async function advance(
  client: pg.ClientBase,
  byDevice: ReadonlyMap<string, StateReading[]>,
): Promise<Map<string, StateReading[]>> {
  const rest = new Map<string, StateReading[]>()
  const advances: StateAdvance[] = []
  for (const [deviceId, ofDevice] of byDevice) {
    const advanced = advanceOf(ofDevice)
    if (advanced) advances.push(advanced)
    else rest.set(deviceId, ofDevice)
  }
  if (advances.length === 0) return rest
  const columns = stateColumns(advances.map(({ state }) => state))
  const since = instantArray(advances.map(({ from }) => from))
  const { rowCount } = await client.query(ADVANCE, [...columns, since])
  // Merging a second time what was laid over a row changes nothing, so it need not be known which ones are missing.
  return rowCount === advances.length ? rest : new Map(byDevice)
}

async function mergeUnderLock(client: pg.ClientBase, devices: Map<string, StateReading[]>): Promise<void> {
  let byDevice = devices
  // A second round only when another writer made the first row of a device at the same moment.
  while (byDevice.size > 0) {
    const stored = await readStates(client, [...byDevice.keys()])
    const changed: DeviceState[] = []
    const added: DeviceState[] = []
    for (const [deviceId, ofDevice] of byDevice) {
      const before = stored.get(deviceId) ?? null
      const after = mergeReadings(before, ofDevice)
      if (after === null || after === before) continue
      if (before === null) added.push(after)
      else changed.push(after)
    }
    if (changed.length > 0) await client.query(UPDATE, stateColumns(changed))
    byDevice = added.length > 0 ? without(byDevice, added, await insertStates(client, added)) : new Map()
  }
}

function groupByDevice(readings: readonly Reading[]): Map<string, StateReading[]> {
  const byDevice = new Map<string, StateReading[]>()
  for (const reading of readings) {
    if (!isOfDevice(reading)) continue
    const ofDevice = byDevice.get(reading.deviceId)
    if (ofDevice) ofDevice.push(reading)
    else byDevice.set(reading.deviceId, [reading])
  }
  return byDevice
}

const isOfDevice = (reading: Reading): reading is Reading & StateReading => reading.deviceId !== null

/** The devices of `added` whose row somebody else inserted. */
function without(
  byDevice: ReadonlyMap<string, StateReading[]>,
  added: readonly DeviceState[],
  inserted: ReadonlySet<string>,
): Map<string, StateReading[]> {
  const lost = added.filter(({ device_id }) => !inserted.has(device_id))
  return new Map(lost.map(({ device_id }) => [device_id, byDevice.get(device_id) ?? []]))
}

type StateRow = Record<string, unknown> & {
  device_id: string
  socket_id: string
  measured_at: Date
  last_seen_at: Date
}

async function readStates(client: pg.ClientBase, deviceIds: readonly string[]): Promise<Map<string, DeviceState>> {
  const { rows } = await client.query<StateRow>(READ, [uuidArray(deviceIds)])
  return new Map(rows.map((row) => [row.device_id, stateOf(row)]))
}

function stateOf(row: StateRow): DeviceState {
  const measurements: Record<string, unknown> = {}
  for (const name of MEASUREMENT_NAMES) if (row[name] !== null) measurements[name] = row[name]
  return {
    device_id: row.device_id,
    socket_id: row.socket_id,
    measurements: measurements as Measurements,
    phases: row['phases'] as DeviceState['phases'],
    extra: row['extra'] as DeviceState['extra'],
    measured_at: row.measured_at.getTime(),
    last_seen_at: row.last_seen_at.getTime(),
  }
}

async function insertStates(client: pg.ClientBase, states: readonly DeviceState[]): Promise<Set<string>> {
  const { rows } = await client.query<{ device_id: string }>(INSERT, stateColumns(states))
  return new Set(rows.map(({ device_id }) => device_id))
}

function stateColumns(states: readonly DeviceState[]): Buffer[] {
  const json = (record: DeviceState['extra']) => (record === null ? null : JSON.stringify(record))
  return [
    uuidArray(states.map((state) => state.device_id)),
    uuidArray(states.map((state) => state.socket_id)),
    ...MEASUREMENT_NAMES.map((name) =>
      name === 'relay_on'
        ? booleanArray(states.map((state) => state.measurements[name]))
        : doubleArray(states.map((state) => state.measurements[name])),
    ),
    textArray(states.map((state) => json(state.phases))),
    textArray(states.map((state) => json(state.extra))),
    instantArray(states.map((state) => state.measured_at)),
    instantArray(states.map((state) => state.last_seen_at)),
  ]
}
