import { expect, test } from 'vitest'
import { createSocketTopics } from './socket-topics.ts'
import { testSocket } from './testing/socket.ts'

const socket = (id: string, topic: string, qos: number) =>
  testSocket('mqtt://broker', { socket_id: id, topic, mqtt_config: { qos } })

test('two sockets on one topic both receive, subscribed with the higher QoS', () => {
  const topics = createSocketTopics()
  topics.put(socket('a', 'strip', 0))
  topics.put(socket('b', 'strip', 2))
  expect(topics.receivers('strip').map((receiver) => receiver.socket_id)).toEqual(['a', 'b'])
  expect([...topics.wanted()]).toEqual([['strip', 2]])
  topics.remove('b')
  expect([...topics.wanted()]).toEqual([['strip', 0]])
})

test('a socket that moves still gets what comes on its old topic until the broker has confirmed', () => {
  const topics = createSocketTopics()
  topics.put(socket('a', 'old', 1))
  topics.put(socket('a', 'new', 1))
  expect([...topics.wanted().keys()]).toEqual(['new'])
  expect(topics.receivers('old').map((receiver) => receiver.socket_id)).toEqual(['a'])
  topics.released('old')
  expect(topics.receivers('old')).toEqual([])
  expect(topics.size).toBe(1)
})

test('another socket that takes the topic over gets its messages', () => {
  const topics = createSocketTopics()
  topics.put(socket('a', 'topic', 1))
  topics.remove('a')
  topics.put(socket('b', 'topic', 1))
  expect(topics.receivers('topic').map((receiver) => receiver.socket_id)).toEqual(['b'])
})
