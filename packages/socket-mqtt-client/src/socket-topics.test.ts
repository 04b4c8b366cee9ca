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
  topics.settled()
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

test('companions are subscribed and received with the topic they belong to, and left with it', () => {
  const topics = createSocketTopics()
  const node = (id: string, topic: string) => ({
    ...socket(id, topic, 1),
    companions: [`${topic}/birth`, 'node/death'],
  })
  topics.put(node('a', 'one'))
  topics.put(node('b', 'two'))
  expect([...topics.wanted().keys()].toSorted()).toEqual(['node/death', 'one', 'one/birth', 'two', 'two/birth'])
  expect(idsOf(topics.receivers('node/death'))).toEqual(['a', 'b'])
  expect(idsOf(topics.receivers('two/birth'))).toEqual(['b'])
  expect(topics.filterOf(node('a', 'one'))).toBe('one')
  topics.put(socket('a', 'one', 1))
  expect([...topics.wanted().keys()].toSorted()).toEqual(['node/death', 'one', 'two', 'two/birth'])
  // Until the broker has confirmed UNSUBSCRIBE.
  expect(idsOf(topics.receivers('one/birth'))).toEqual(['a'])
  topics.settled()
  expect(topics.receivers('one/birth')).toEqual([])
  topics.remove('b')
  expect([...topics.wanted().keys()]).toEqual(['one'])
})

const wide = (id: string, topic: string, qos = 1) =>
  testSocket('mqtt://broker', { socket_id: id, topic, subtree: true, mqtt_config: { qos } })
const idsOf = (sockets: Iterable<{ socket_id: string }>) => [...sockets].map(({ socket_id: id }) => id)

test('a socket that takes its subtree has one filter, and gets its own topic and all below it', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'base/plug'))
  expect([...topics.wanted()]).toEqual([['base/plug/#', 1]])
  for (const topic of ['base/plug', 'base/plug/relay/0/power', 'base/plug/LWT']) {
    expect(idsOf(topics.receivers(topic))).toEqual(['a'])
  }
  for (const topic of ['base', 'base/plug2', 'base/plu']) expect(topics.receivers(topic)).toEqual([])
})

test('below a subtree no filter is added, the highest QoS counts, and the nearest socket gets the message', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'base', 0))
  topics.put(socket('b', 'base/x', 2))
  topics.put(wide('c', 'base/y'))
  expect([...topics.wanted()]).toEqual([['base/#', 2]])
  expect(idsOf(topics.receivers('base/x'))).toEqual(['b'])
  expect(idsOf(topics.receivers('base/x/power'))).toEqual(['a'])
  expect(idsOf(topics.receivers('base/y/power'))).toEqual(['c'])
  expect(topics.filterOf(socket('b', 'base/x', 2))).toBe('base/#')
  expect(idsOf(topics.subscribersOf('base/#'))).toEqual(['a', 'b', 'c'])
  topics.remove('a')
  expect([...topics.wanted()]).toEqual([
    ['base/x', 2],
    ['base/y/#', 1],
  ])
})

test('outlets of one device share its subtree by channel', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'strip'))
  topics.put(wide('b', 'strip'))
  expect(idsOf(topics.receivers('strip/relay/1/power'))).toEqual(['a', 'b'])
  topics.put(socket('b', 'strip', 1))
  expect(idsOf(topics.receivers('strip/relay/1/power'))).toEqual(['a'])
  expect([...topics.wanted().keys()]).toEqual(['strip/#'])
})

test('a refused subtree takes nobody else with it', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'base'))
  topics.put(socket('b', 'base/x', 1))
  topics.answered('base/#', false)
  expect([...topics.wanted().keys()]).toEqual(['base/#', 'base/x'])
  topics.answered('base/#', true)
  expect([...topics.wanted().keys()]).toEqual(['base/#'])
})

test('a subtree that is given up still gets what is under way', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'base'))
  topics.put(socket('a', 'base', 1))
  expect([...topics.wanted().keys()]).toEqual(['base'])
  expect(idsOf(topics.receivers('base/power'))).toEqual(['a'])
  topics.settled()
  expect(topics.receivers('base/power')).toEqual([])
  expect(idsOf(topics.receivers('base'))).toEqual(['a'])
})

test('below a subtree, what leaves has no filter of its own to wait for: its messages are the subtree’s at once', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'base'))
  topics.put(socket('b', 'base/x', 1))
  topics.put(socket('b', 'base/moved', 1))
  expect(idsOf(topics.receivers('base/x'))).toEqual(['a'])
  topics.remove('b')
  expect(idsOf(topics.receivers('base/moved'))).toEqual(['a'])
})

test('nor has a subtree within a subtree', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'base'))
  topics.put(wide('b', 'base/x'))
  topics.remove('b')
  expect(idsOf(topics.receivers('base/x'))).toEqual(['a'])
  expect(idsOf(topics.receivers('base/x/power'))).toEqual(['a'])
})

test('what lies below its own subtree leaves with it', () => {
  const topics = createSocketTopics()
  topics.put({ ...wide('a', 'base'), companions: ['base/birth'] })
  topics.remove('a')
  expect(idsOf(topics.receivers('base/birth'))).toEqual(['a'])
  topics.settled()
  expect(topics.receivers('base/birth')).toEqual([])
})

test('a topic that was left before it was ever subscribed is the next subtree’s', () => {
  const topics = createSocketTopics()
  topics.put(wide('a', 'base'))
  topics.put(socket('b', 'base/x', 1))
  topics.remove('a')
  topics.remove('b')
  topics.settled()
  topics.put(wide('c', 'base'))
  expect(idsOf(topics.receivers('base/x'))).toEqual(['c'])
})
