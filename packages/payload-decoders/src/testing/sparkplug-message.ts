/** What a test says of a metric; `type` is the Sparkplug data type (3 Int32, 9 Float, 10 Double, 11 Boolean, 12 String). */
export interface SampleMetric {
  readonly name?: string
  readonly alias?: number
  readonly type?: number
  readonly value?: number | boolean | string
  readonly isNull?: boolean
  readonly historical?: boolean
  readonly unit?: string
}

/** A Sparkplug B payload, written by the specification and not by the reader's code. */
export function sparkplugMessage(timestamp: number, metrics: readonly SampleMetric[], seq = 0): Buffer {
  return Buffer.concat([
    number(1, BigInt(timestamp)),
    ...metrics.map((metric) => bytes(2, metricBytes(metric))),
    number(3, BigInt(seq)),
  ])
}

/** A metric that is an instance of a template. */
export function templateMetric(name: string, metrics: readonly SampleMetric[]): Buffer {
  const template = Buffer.concat(metrics.map((metric) => bytes(2, metricBytes(metric))))
  return bytes(2, Buffer.concat([bytes(1, Buffer.from(name)), number(4, 19n), bytes(18, template)]))
}

function metricBytes({ name, alias, type, value, isNull, historical, unit }: SampleMetric): Buffer {
  const parts: Buffer[] = []
  if (name !== undefined) parts.push(bytes(1, Buffer.from(name)))
  if (alias !== undefined) parts.push(number(2, BigInt(alias)))
  if (type !== undefined) parts.push(number(4, BigInt(type)))
  if (historical) parts.push(number(5, 1n))
  if (isNull) parts.push(number(7, 1n))
  if (unit !== undefined) {
    const property = Buffer.concat([number(1, 12n), bytes(8, Buffer.from(unit))])
    parts.push(bytes(9, Buffer.concat([bytes(1, Buffer.from('engUnit')), bytes(2, property)])))
  }
  if (typeof value === 'boolean') parts.push(number(14, value ? 1n : 0n))
  else if (typeof value === 'string') parts.push(bytes(15, Buffer.from(value)))
  else if (value !== undefined && type === 9) parts.push(Buffer.concat([key(12, 5), float(value)]))
  else if (value !== undefined && type === 10) parts.push(Buffer.concat([key(13, 1), double(value)]))
  else if (value !== undefined) {
    const field = type === 4 || type === 8 ? 11 : 10
    parts.push(number(field, field === 10 ? BigInt.asUintN(32, BigInt(value)) : BigInt.asUintN(64, BigInt(value))))
  }
  return Buffer.concat(parts)
}

function varint(value: bigint): Buffer {
  const out: number[] = []
  let rest = value
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    out.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Buffer.from(out)
}

const key = (field: number, type: number): Buffer => varint(BigInt(field * 8 + type))
const number = (field: number, value: bigint): Buffer => Buffer.concat([key(field, 0), varint(value)])
const bytes = (field: number, content: Buffer): Buffer =>
  Buffer.concat([key(field, 2), varint(BigInt(content.length)), content])

function float(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeFloatLE(value)
  return buffer
}

function double(value: number): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeDoubleLE(value)
  return buffer
}
