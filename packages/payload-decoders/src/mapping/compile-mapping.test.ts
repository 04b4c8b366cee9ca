import type { PayloadMapping } from '@iomt/contracts/payload-mapping'
import { expect, test } from 'vitest'
import { createSocketDecoder } from '../socket-decoder.ts'
import { compileMapping } from './compile-mapping.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')

function decode(mapping: PayloadMapping, payload: unknown, timezone = 'UTC') {
  const decoder = createSocketDecoder({ payloadConfig: { mapping }, timezone })
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return decoder.decode(Buffer.from(text), { topic: 'ward/socket1', receivedAt })
}
function reading(mapping: PayloadMapping, payload: unknown, timezone?: string) {
  const result = decode(mapping, payload, timezone)
  if (result.ok !== true) throw new Error(JSON.stringify(result))
  return result.reading
}

test('pointers, scale, offset, unit, words, phases, extra and a clock', () => {
  const mapping: PayloadMapping = {
    measurements: {
      voltage: { pointer: '/m/0/u', scale: 0.1 },
      current: { pointer: '/m/0/i~1mA', unit: 'mA' },
      active_power: { pointer: '/p', unit: 'kW' },
      power_factor: { pointer: '/pf', unit: '%' },
      temperature: { pointer: '/t', scale: 0.5, offset: -10 },
      relay_on: { pointer: '/contact', values: { closed: true, open: false } },
    },
    phases: { l1: { voltage: { pointer: '/u1' } }, l2: { voltage: { pointer: '/u2' } } },
    extra: { alarm: { pointer: '/alarm', values: { none: 0, over: 2 } } },
    timestamp: { pointer: '/at', format: 'DD/MM/YYYY HH:mm:ss', timezone: 'Asia/Ho_Chi_Minh' },
  }
  const payload = {
    m: [{ u: 2301, 'i/mA': '213' }],
    p: 0.0469,
    pf: 95,
    t: 62,
    contact: 'closed',
    u1: 230,
    u2: '231,5',
    alarm: 'over',
    at: '23/11/2026 15:59:00',
  }
  expect(reading(mapping, payload)).toEqual({
    measurements: {
      voltage: 230.1,
      current: 0.213,
      active_power: 46.9,
      power_factor: 0.95,
      temperature: 21,
      relay_on: true,
    },
    phases: { l1: { voltage: 230 }, l2: { voltage: 231.5 } },
    extra: { alarm: 2 },
    quality: [],
    measuredAt: new Date('2026-11-23T08:59:00Z'),
    partial: false,
    decoder: 'mapping@1',
  })
})

test('0 and false are values; null and words for nothing are absences; what is no number is a doubt', () => {
  const mapping: PayloadMapping = {
    measurements: {
      voltage: { pointer: '/u' },
      current: { pointer: '/i' },
      active_power: { pointer: '/p' },
      energy: { pointer: '/e' },
      relay_on: { pointer: '/r' },
    },
  }
  expect(reading(mapping, { u: null, i: 0, p: 'nan', e: 'much', r: 0 })).toMatchObject({
    measurements: { current: 0, relay_on: false },
    quality: ['invalid:energy'],
  })
  expect(decode(mapping, { x: 1 })).toMatchObject({ ok: false, rejection: { reason: 'no-known-field' } })
  expect(decode(mapping, { e: 'much' })).toMatchObject({ ok: false, rejection: { reason: 'invalid-value' } })
  expect(decode(mapping, 'text')).toMatchObject({ ok: false, rejection: { reason: 'unsupported-payload' } })
})

test('a text with a unit of something else is no value of the field', () => {
  const mapping: PayloadMapping = {
    measurements: {
      voltage: { pointer: '/u' },
      current: { pointer: '/i' },
      active_power: { pointer: '/p' },
      apparent_power: { pointer: '/s' },
      energy: { pointer: '/e' },
      temperature: { pointer: '/t' },
    },
    phases: { l1: { current: { pointer: '/i1' } } },
    extra: { run_energy: { pointer: '/run' } },
  }
  // Watts are written beside apparent power, too; a value of `extra` can be in any unit.
  const payload = { u: '230 V', i: '500 mA', p: '12 kWh', s: '15 W', e: '1.5 MWH', t: '3 A', i1: '40 Ah', run: '3 kWh' }
  expect(reading(mapping, payload)).toMatchObject({
    measurements: { voltage: 230, current: 0.5, apparent_power: 15, energy: 1500 },
    extra: { run_energy: 3 },
    quality: ['invalid:active_power', 'invalid:temperature', 'invalid:current'],
  })
  expect(reading(mapping, payload).measurements).not.toHaveProperty('active_power')
  expect(reading(mapping, payload).phases).toBeNull()
  expect(decode({ measurements: { active_power: { pointer: '/p' } } }, { p: '12 kWh' })).toMatchObject({
    ok: false,
    rejection: { reason: 'invalid-value' },
  })
})

test('a text whose M may be mega or milli is no value, not even in extra', () => {
  const mapping: PayloadMapping = {
    measurements: { voltage: { pointer: '/u' }, current: { pointer: '/i' } },
    extra: { inrush: { pointer: '/inrush' } },
  }
  expect(reading(mapping, { u: '230 V', i: '500 MA', inrush: '9 MA' })).toMatchObject({
    measurements: { voltage: 230 },
    extra: {},
    quality: ['invalid:current', 'invalid:inrush'],
  })
})

test('CSV by index and by name, with quotes and a header line', () => {
  const mapping: PayloadMapping = {
    source: 'csv',
    csv: { separator: ';', columns: ['at', 'u', 'p'] },
    measurements: { voltage: { column: 'u', decimal: ',' }, active_power: { column: 2 } },
    timestamp: { column: 'at', format: 'epoch-seconds' },
  }
  const expected = { measurements: { voltage: 1230.5, active_power: 46 }, measuredAt: new Date(1_795_424_340_000) }
  expect(reading(mapping, '1795424340;"1.230,5";46')).toMatchObject(expected)
  expect(reading(mapping, 'at;u;p\n1795424340;1.230,5;46\n')).toMatchObject(expected)
  expect(decode(mapping, '1;2;3\n4;5;6\n')).toMatchObject({ ok: false, rejection: { reason: 'unsupported-payload' } })
})

test('a plain number or word is the payload itself', () => {
  expect(reading({ source: 'text', measurements: { active_power: { unit: 'kW' } } }, '2.5')).toMatchObject({
    measurements: { active_power: 2500 },
  })
  const relay: PayloadMapping = { source: 'text', measurements: { relay_on: { values: { auf: false, zu: true } } } }
  expect(reading(relay, 'zu')).toMatchObject({ measurements: { relay_on: true } })
})

test('a mapping that is not partial adds phases up like any decoder', () => {
  const mapping: PayloadMapping = {
    phases: { l1: { active_power: { pointer: '/a' } }, l2: { active_power: { pointer: '/b' } } },
    partial: true,
  }
  expect(reading(mapping, { a: 1, b: 2 })).toMatchObject({ measurements: { active_power: 3 }, partial: true })
})

test('a payload that looks like an outcome of ours is a payload', () => {
  const mapping: PayloadMapping = { measurements: { voltage: { pointer: '/u' } } }
  const posing = { outcome: 'reading', reason: 'x', measurements: { voltage: 'false' }, quality: [], u: 230 }
  expect(reading(mapping, posing)).toMatchObject({ measurements: { voltage: 230 } })
})

test('what every object inherits is no field', () => {
  const mapping: PayloadMapping = { measurements: { voltage: { pointer: '/length' }, current: { pointer: '/i' } } }
  expect(reading(mapping, { i: 1 })).toMatchObject({ measurements: { current: 1 } })
  expect(decode(mapping, [1, 2])).toMatchObject({ ok: false, rejection: { reason: 'no-known-field' } })
  const ofText: PayloadMapping = { measurements: { voltage: { pointer: '/name/length' }, current: { pointer: '/i' } } }
  expect(reading(ofText, { name: 'plug', i: 1 }).measurements).toEqual({ current: 1 })
})

test.each<[PayloadMapping, string, RegExp]>([
  [{}, '/measurements', /at least one field/],
  [{ measurements: { voltage: {} } }, '/measurements/voltage/pointer', /missing/],
  [{ measurements: { voltage: { pointer: 'u' } } }, '/measurements/voltage/pointer', /begin with/],
  [{ measurements: { voltage: { pointer: '/a~2' } } }, '/measurements/voltage/pointer', /~0 nor ~1/],
  [{ measurements: { voltage: { pointer: '/__proto__' } } }, '/measurements/voltage/pointer', /__proto__/],
  [{ measurements: { voltage: { pointer: '/u', unit: 'furlong' } } }, '/measurements/voltage/unit', /known unit/],
  [{ measurements: { voltage: { pointer: '/u', unit: 'mA' } } }, '/measurements/voltage/unit', /no unit of voltage/],
  [{ measurements: { current: { pointer: '/i', unit: 'MA' } } }, '/measurements/current/unit', /mega or milli/],
  [{ extra: { inrush: { pointer: '/i', unit: 'MA' } } }, '/extra/inrush/unit', /mega or milli/],
  [{ measurements: { voltage: { pointer: '/u', scale: 0 } } }, '/measurements/voltage/scale', /not be 0/],
  [{ measurements: { voltage: { column: 1 } } }, '/measurements/voltage/column', /JSON fields have a pointer/],
  [{ measurements: { relay_on: { pointer: '/r', unit: 'V' } } }, '/measurements/relay_on/unit', /no meaning/],
  [
    { measurements: { relay_on: { pointer: '/r', values: { 'a/b': 1 } } } },
    '/measurements/relay_on/values/a~1b',
    /true/,
  ],
  [{ measurements: { voltage: { pointer: '/r', values: { on: true } } } }, '/measurements/voltage/values/on', /number/],
  [{ phases: { l2: { current: { pointer: 'x' } } } }, '/phases/l2/current/pointer', /begin with/],
  [{ extra: { 'a/b': { pointer: 'x' } } }, '/extra/a~1b/pointer', /begin with/],
  [{ source: 'csv', measurements: { voltage: { column: 'u' } } }, '/measurements/voltage/column', /csv\.columns/],
  [
    { source: 'csv', csv: { columns: ['a'] }, measurements: { voltage: { column: 'u' } } },
    '/measurements/voltage/column',
    /none of csv\.columns: a/,
  ],
  [{ source: 'text', measurements: { voltage: { pointer: '/u' } } }, '/measurements/voltage/pointer', /payload is/],
  [
    { measurements: { voltage: { pointer: '/u' } }, timestamp: { pointer: '/t', format: 'HH:mm' } },
    '/timestamp/format',
    /lacks YYYY, MM, DD/,
  ],
  [
    { measurements: { voltage: { pointer: '/u' } }, timestamp: { pointer: '/t', format: 'soon' } },
    '/timestamp/format',
    /pattern/,
  ],
  [
    { measurements: { voltage: { pointer: '/u' } }, timestamp: { pointer: '/t', timezone: 'Mars/Olympus' } },
    '/timestamp/timezone',
    /IANA/,
  ],
])('%j is refused at %s', (mapping, pointer, detail) => {
  const compiled = compileMapping(mapping)
  expect(compiled).toMatchObject({ ok: false, problems: [{ pointer, detail: expect.stringMatching(detail) }] })
})

test.each([
  ['auto', '2026-11-23T08:59:00Z', '2026-11-23T08:59:00.000Z'],
  ['iso', '2026-11-23T15:59:00', '2026-11-23T08:59:00.000Z'],
  ['epoch-seconds', 1_795_424_340.25, '2026-11-23T08:59:00.250Z'],
  ['epoch-milliseconds', '1795424340250', '2026-11-23T08:59:00.250Z'],
  ['YYYYMMDDHHmmss', '20261123155900', '2026-11-23T08:59:00.000Z'],
  ['DD.MM.YYYY HH:mm:ss,SSS', '23.11.2026 15:59:00,250', '2026-11-23T08:59:00.250Z'],
])('clock format %s', (format, at, expected) => {
  const mapping = { measurements: { voltage: { pointer: '/u' } }, timestamp: { pointer: '/at', format } }
  expect(reading(mapping, { u: 1, at }, 'Asia/Ho_Chi_Minh').measuredAt?.toISOString()).toBe(expected)
})

test.each([
  ['iso', 1_795_424_340],
  ['epoch-seconds', 12],
  ['DD/MM/YYYY', '31/02/2026'],
  ['DD/MM/YYYY', '23/11/26'],
  ['DD/MM/YYYY', '23/11/2026 12:00'],
])('%s does not take %s', (format, at) => {
  const mapping = { measurements: { voltage: { pointer: '/u' } }, timestamp: { pointer: '/at', format } }
  expect(reading(mapping, { u: 1, at })).toMatchObject({ measuredAt: null, quality: ['clock-invalid'] })
})
