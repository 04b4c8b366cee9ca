import { expect, test } from 'vitest'
import { socketTopic, topicLengthProblem, topicPartProblem } from './topics.ts'

test.each(['hopt/tang3/pkt', 'socket1', 'phòng mổ/ổ 1', 'a/$b', 'a b', '名'])('%j can be used', (value) => {
  expect(topicPartProblem('mqtt_base_topic', value)).toBeNull()
})

test.each([
  ['', /empty/],
  ['a/+/b', /wildcard/],
  ['a/#', /wildcard/],
  ['a\u0000b', /NUL/],
  ['a\nb', /control/],
  ['/a', /begin with a slash/],
  ['a/', /end with a slash/],
  ['a//b', /empty level/],
  ['$SYS/broker', /begin with \$/],
  ['a\ud800', /surrogate/],
])('%j is refused and the message names the part', (value, problem) => {
  expect(topicPartProblem('mqtt_topic_suffix', value)).toMatch(problem)
  expect(topicPartProblem('mqtt_topic_suffix', value)).toContain('mqtt_topic_suffix')
})

test('the whole topic is bounded in bytes, not characters', () => {
  expect(socketTopic('hopt/tang3/pkt', 'socket1')).toBe('hopt/tang3/pkt/socket1')
  expect(socketTopic(null, 'socket1')).toBeNull()
  expect(topicLengthProblem('é'.repeat(32_767))).toBeNull()
  expect(topicLengthProblem('é'.repeat(32_768))).toMatch(/65536 bytes/)
})
