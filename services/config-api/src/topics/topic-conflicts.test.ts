import { expect, test } from 'vitest'
import { clientIdCollisions } from './client-id-collisions.ts'
import { topicConflicts } from './topic-conflicts.ts'
import type { TopicPlace } from './topic-place.ts'

let count = 0
function place(topic: string, fields: Partial<TopicPlace> = {}): TopicPlace {
  count += 1
  return {
    socketId: `s${count}`,
    socketNumber: count,
    pduId: 'p',
    pduCode: 'pdu',
    organizationId: 'o',
    topic,
    host: 'broker',
    port: 1883,
    channel: null,
    subtree: false,
    ...fields,
  }
}

const found = (places: TopicPlace[], candidates?: TopicPlace[]) =>
  topicConflicts(places, candidates && new Set(candidates)).map(({ kind, socket, other }) => [
    kind,
    places.indexOf(socket),
    places.indexOf(other),
  ])

test('one topic on one broker is a conflict unless the channel differs', () => {
  expect(found([place('a/b'), place('a/b'), place('a/b', { channel: '1' }), place('a/b', { channel: '2' })])).toEqual([
    ['same-topic', 0, 1],
  ])
  expect(found([place('a/b'), place('a/b', { port: 1884 }), place('a/b', { host: 'other' })])).toEqual([])
})

test('a subtree covers what lies below it, not what only begins alike', () => {
  expect(
    found([place('a/b', { subtree: true }), place('a/b/c/d'), place('a/bc'), place('a/b/e', { channel: '1' })]),
  ).toEqual([['subtree-overlap', 1, 0]])
  expect(found([place('a/b'), place('a/b/c')])).toEqual([])
})

test('a socket below several subtrees is reported with the nearest, a candidate with all', () => {
  const places = [place('a', { subtree: true }), place('a/b', { subtree: true }), place('a/b/c')]
  expect(found(places)).toEqual([
    ['subtree-overlap', 1, 0],
    ['subtree-overlap', 2, 1],
  ])
  expect(found(places, [places[0] as TopicPlace])).toEqual([
    ['subtree-overlap', 1, 0],
    ['subtree-overlap', 2, 0],
  ])
})

test('ten thousand sockets and a topic of 30,000 levels take no time that anyone notices', () => {
  const deep = place(Array(30_000).fill('a').join('/'))
  const many = Array.from({ length: 10_000 }, (_, index) =>
    place(`org/pdu-${index % 500}/socket${index}`, { subtree: true }),
  )
  expect(topicConflicts([deep, ...many])).toEqual([])
})

test('two connections with one client id are found, one connection of two sockets is not', () => {
  const use = (organization: string, keepalive: number) => ({
    place: place('a', { organizationId: organization }),
    origin: {
      organization_id: organization,
      partition: 7,
      mqtt_broker_host: 'broker',
      mqtt_broker_port: 1883,
      mqtt_credentials: {},
      mqtt_config: { keepalive },
    },
  })
  const uses = [use('o', 60), use('o', 60), use('o', 30), use('p', 60)]
  expect(clientIdCollisions(uses)).toEqual([])
  // As if the digest were only the partition.
  const collisions = clientIdCollisions(uses, ({ mqtt_config: config }) => ({ clientId: 'iomt-7', ...config }))
  expect(collisions.map(({ other }) => uses.findIndex((each) => each.place === other))).toEqual([2, 3])
})
