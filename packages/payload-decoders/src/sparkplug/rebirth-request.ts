const NAME = Buffer.from('Node Control/Rebirth')
/** Fields of Payload and Metric in sparkplug_b.proto, with their wire types. */
const PAYLOAD_TIMESTAMP = 0x08
const PAYLOAD_METRIC = 0x12
const METRIC_NAME = 0x0a
const METRIC_DATATYPE = 0x20
const METRIC_BOOLEAN = 0x70
const BOOLEAN = 11

/** The NCMD payload that makes an edge node publish its births anew (specification 3.0, section 5.9.1); `now` in ms since 1970. */
export function rebirthRequest(now: number): Buffer {
  const metric = [METRIC_NAME, NAME.length, ...NAME, METRIC_DATATYPE, BOOLEAN, METRIC_BOOLEAN, 1]
  return Buffer.from([PAYLOAD_TIMESTAMP, ...varint(now), PAYLOAD_METRIC, metric.length, ...metric])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}
