import { topicPartProblem } from '@iomt/contracts/topics'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fillTemplate, parseTemplate, type TopicTemplate, topicSafe } from './topic-template.ts'

const fill = (template: string, values: Record<string, string | number | null>) =>
  fillTemplate(parseTemplate(template) as TopicTemplate, new Map(Object.entries(values)))

test('values become levels of small letters, digits and hyphens', () => {
  expect(topicSafe('Tầng 3, Khoa Hồi sức Đặc biệt')).toBe('tang-3-khoa-hoi-suc-dac-biet')
  expect(topicSafe('Große Straße / Øst')).toBe('grosse-strasse-ost')
  expect(topicSafe('+#$\u0000/')).toBe('')
  expect(topicSafe('病棟 3')).toBe('病棟-3')
  expect(topicSafe('v1.2_b')).toBe('v1.2_b')
})

test('a level whose value is missing is left out, and named', () => {
  expect(
    fill('{organization}/{department}/floor-{floor}/{pdu}', { organization: 'hopt', department: null, pdu: 'p1' }),
  ).toEqual({
    topic: 'hopt/p1',
    leftOut: ['department', 'floor'],
  })
  expect(fill('{name}', { name: ' ' })).toEqual({ topic: null, leftOut: ['name'] })
})

test('numbers are padded', () => {
  expect(fill('socket{number:02}', { number: 7 }).topic).toBe('socket07')
  expect(fill('socket{number:02}', { number: 123 }).topic).toBe('socket123')
  expect(fill('{name:3}', { name: 'a' }).topic).toBe('a')
})

test.each(['', '/a', 'a/', 'a//b', '{', 'a}', '{a b}', '{number:x}', '{{pdu}}', '{}'])(
  'template %j is refused',
  (text) => {
    expect(parseTemplate(text)).toEqual({ problem: expect.any(String) })
  },
)

test('whatever the values are, what comes out of placeholders can be a topic', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: 'grapheme' }), (a, b) => {
      const { topic } = fill('{a}/x{b}/{a}{b}', { a, b })
      if (topic !== null) expect(topicPartProblem('mqtt_base_topic', topic)).toBeNull()
    }),
  )
})
