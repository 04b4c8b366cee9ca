import { readingPayload } from '../load/reading-template.ts'

/** Columns of `device_data_logs` that a reading of the load fills; the order of {@link createCopyBatch}'s rows. */
export const COPY_COLUMNS = [
  'timestamp',
  'id',
  'measured_at',
  'device_id',
  'socket_id',
  'data_json',
  'voltage',
  'current',
  'active_power',
  'power_factor',
  'frequency',
  'energy',
  'relay_on',
  'extra',
  'measured_at_source',
  'decoder',
  'qos',
  'retained',
] as const

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const TRAILER = Buffer.from([0xff, 0xff])
/** 2000-01-01, where Postgres begins to count microseconds. */
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1)

const UUID_PLACE = Buffer.alloc(16)
const field = (value: Buffer) => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(value.length)
  return Buffer.concat([length, value])
}
const text = (value: string) => Buffer.from(value)
const jsonb = (value: string) => Buffer.concat([Buffer.from([1]), Buffer.from(value)])
const double = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}
const boolean = (value: boolean) => Buffer.from([value ? 1 : 0])
const smallint = (value: number) => Buffer.from([value >> 8, value & 0xff])

/** Where a field's value begins in a row. */
function valueAt(fields: readonly Buffer[], index: number): number {
  return fields.slice(0, index).reduce((total, { length }) => total + length, 2) + 4
}

/** Batches of readings in binary COPY's format: encoded once, and only what must differ is written for each batch. */
export interface CopyBatch {
  /** The next batch: fresh ids, the time `milliseconds`. The same buffer each time. */
  next(milliseconds: number): Buffer
}

/** `sockets` are dealt the rows in turn; ids come from a counter and the time. */
export function createCopyBatch(rows: number, sockets: readonly string[]): CopyBatch {
  const fields = [
    double(0),
    UUID_PLACE,
    double(0),
    UUID_PLACE,
    UUID_PLACE,
    jsonb(readingPayload()),
    ...[230.1, 0.213, 46.92, 0.957, 50.02, 10_000].map(double),
    boolean(true),
    jsonb('{"machine_state":"running"}'),
    text('device'),
    text('flat-json@1'),
    smallint(1),
    boolean(false),
  ].map(field)
  const row = Buffer.concat([smallint(fields.length), ...fields])
  const [timestampAt, idAt, measuredAt, deviceAt, socketAt] = [0, 1, 2, 3, 4].map((index) =>
    valueAt(fields, index),
  ) as [number, number, number, number, number]
  const batch = Buffer.concat([HEADER, ...Array.from({ length: rows }, () => row), TRAILER])
  const uuids = sockets.map((socket) => Buffer.from(socket.replaceAll('-', ''), 'hex'))
  let counter = 0

  return {
    next(milliseconds) {
      const micros = BigInt(milliseconds - POSTGRES_EPOCH) * 1_000n
      for (let index = 0; index < rows; index += 1) {
        const at = HEADER.length + index * row.length
        const uuid = uuids[counter % uuids.length] as Buffer
        batch.writeBigInt64BE(micros, at + timestampAt)
        batch.writeBigInt64BE(micros, at + measuredAt)
        // UUIDv7: 48 bits of time, then what tells ids of one millisecond apart.
        batch.writeUIntBE(milliseconds, at + idAt, 6)
        batch.writeUInt16BE(0x7000 | (counter >> 20), at + idAt + 6)
        batch.writeUInt32BE(0x80000000, at + idAt + 8)
        batch.writeUInt32BE(counter, at + idAt + 12)
        uuid.copy(batch, at + deviceAt)
        uuid.copy(batch, at + socketAt)
        counter += 1
      }
      return batch
    },
  }
}
