/** MQTT 3.1.1 and 5, 4.7.3: a topic is 1 to 65,535 bytes of UTF-8. */
export const MAX_TOPIC_BYTES = 65_535

/** Which part of a socket's topic is checked; it names the part in the message. */
export type TopicPart = 'mqtt_base_topic' | 'mqtt_topic_suffix' | 'topic'

/**
 * What is wrong with a base topic or suffix, or null when it can be used. The rules keep a socket's topic a plain topic
 * name that every broker delivers: no wildcard (4.7.1), no NUL (4.7.3-2), no empty level, no `$` at the start (4.7.2-1).
 */
export function topicPartProblem(part: TopicPart, value: string): string | null {
  if (value.length === 0) return `${part} must not be empty`
  if (value.includes('+') || value.includes('#')) return `${part} must not hold the wildcards + or #`
  if (value.includes('\u0000')) return `${part} must not hold a NUL character`
  if (!value.isWellFormed()) return `${part} must be valid Unicode (it holds a lone surrogate)`
  if (/[\u0001-\u001f\u007f-\u009f]/.test(value)) return `${part} must not hold control characters`
  if (value.startsWith('/')) return `${part} must not begin with a slash`
  if (value.endsWith('/')) return `${part} must not end with a slash`
  if (value.includes('//')) return `${part} must not hold an empty level (//)`
  if (value.startsWith('$')) return `${part} must not begin with $ (reserved for brokers, e.g. $SYS and $share)`
  return null
}

/** `{mqtt_base_topic}/{mqtt_topic_suffix}`, or null when either is missing. */
export function socketTopic(baseTopic: string | null, suffix: string | null): string | null {
  return baseTopic && suffix ? `${baseTopic}/${suffix}` : null
}

/** What is wrong with the whole topic, or null. */
export function topicLengthProblem(topic: string): string | null {
  const bytes = Buffer.byteLength(topic)
  return bytes > MAX_TOPIC_BYTES ? `the topic is ${bytes} bytes, at most ${MAX_TOPIC_BYTES} are allowed` : null
}
