import { expect, test } from 'vitest'
import { parseSafeJson } from './safe-json.ts'

const parse = (text: string) => parseSafeJson(Buffer.from(text))

test('numbers that are none are absent, in whatever way a device writes them', () => {
  for (const nan of ['NaN', 'nan', '-nan', 'Infinity', '-Infinity', 'inf']) {
    const text = `{"voltage":${nan},"note":"NaN, \\"nan\\"","list":[${nan}, 1],"current":0.2}`
    const expected = { voltage: null, note: 'NaN, "nan"', list: [null, 1], current: 0.2 }
    const result = parse(text)
    expect(result).toMatchObject({ ok: true, value: expected })
    expect(JSON.parse(result.ok ? result.text : '')).toEqual(expected)
  }
})

test('other bad JSON stays bad, and long ones do not take long', () => {
  for (const text of ['{"a":NaNa}', '{"a":xNaN}', '{NaN:1}', '{"a":NaN', `{"a":"${'NaN\\'.repeat(20_000)}`]) {
    expect(parse(text), text.slice(0, 20)).toMatchObject({ ok: false, rejection: { reason: 'invalid-json' } })
  }
})
