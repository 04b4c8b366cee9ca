import fc from 'fast-check'
import { expect, test } from 'vitest'
import { numberOfText, quantityOfText } from './numbers.ts'
import { toCanonical, unitOf } from './units.ts'

test.each([
  [978, 'mA', 0.978],
  [2301, 'dV', 230.1],
  [23012, 'cV', 230.12],
  [119_425, 'mV', 119.425],
  [0.0469, 'kW', 46.9],
  [2.5, 'MW', 2_500_000],
  [2782, 'mW', 2.782],
  [1.2, 'kVA', 1200],
  [3.6, 'kvar', 3600],
  [44, '%', 0.44],
  [4998, 'cHz', 49.98],
  [26_121, 'Wh', 26.121],
  [6_472_513, 'Wmin', 107.87521666666667],
  [1.5, 'MWh', 1500],
  [1.5, 'MWH', 1500],
  [1.5, 'Mwh', 1500],
  [2.5, 'Mw', 2_500_000],
  [1.2, 'MVa', 1_200_000],
  [3.6, 'MVAR', 3_600_000],
  [3.6, 'MVAr', 3_600_000],
  [3.6, 'MVar', 3_600_000],
  [3.6, 'mvar', 0.0036],
  [978, 'MilliAmps', 0.978],
  [3_600_000, 'J', 1],
  [68, '°F', 20],
  [293.15, 'K', 20],
])('%s %s is %s', (value, name, expected) => {
  const unit = unitOf(name)
  expect(unit).not.toBeNull()
  if (unit) expect(toCanonical(value, unit)).toBeCloseTo(expected, 9)
})

test('mega is not milli, and keys in lower case mean the small one', () => {
  expect(unitOf('MW')?.multiply).toBe(1_000_000)
  expect(unitOf('mW')?.divide).toBe(1_000)
  expect(unitOf('mw')?.divide).toBe(1_000)
  expect(unitOf('kvarh')?.dimension).toBe('reactive-energy')
  expect(unitOf('Ah')?.dimension).toBe('charge')
  expect(unitOf('lux')).toBeNull()
})

/** A symbol in capitals, in lower case, and in every case between. */
function inEveryCase(symbol: string): string[] {
  if (symbol === '') return ['']
  const rest = inEveryCase(symbol.slice(1))
  const [first = ''] = symbol
  return [first.toUpperCase(), first.toLowerCase()].flatMap((letter) => rest.map((end) => letter + end))
}

test.each(['W', 'VA', 'var', 'Wh'])('a written M is mega before %s, whatever the case of the rest', (symbol) => {
  const milli = unitOf(`m${symbol}`)
  for (const end of inEveryCase(symbol)) {
    expect(unitOf(`M${end}`)).toMatchObject({
      dimension: milli?.dimension,
      multiply: expect.toSatisfy(isMega),
      divide: 1,
    })
  }
  expect(unitOf(`m${symbol.toLowerCase()}`)).toEqual(milli)
})

// A megawatt-hour is 1,000 of the canonical kWh.
const isMega = (multiply: number): boolean => multiply === 1_000_000 || multiply === 1_000

test.each(['V', 'A', 'Hz'])('a written M before %s may be either, and is no unit of anything', (symbol) => {
  for (const end of inEveryCase(symbol)) expect(unitOf(`M${end}`)?.dimension).toBe('ambiguous')
  expect(unitOf(`m${symbol.toLowerCase()}`)).toEqual(unitOf(`m${symbol}`))
})

test('apparent and reactive energy in mega is no energy either', () => {
  for (const name of ['MVARH', 'MVArh', 'Mvarh', 'MVAh', 'MVAH']) {
    expect(unitOf(name)?.dimension).toBe('reactive-energy')
  }
})

test('there and back is the same number', () => {
  const names = ['mV', 'dV', 'kV', 'mA', 'kA', 'mW', 'kW', 'kVA', 'kvar', '%', 'Wh', 'Wmin', 'MWh', 'dHz']
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.double({ min: -1e6, max: 1e6, noNaN: true }), (name, value) => {
      const unit = unitOf(name)
      if (!unit) throw new Error(name)
      const back = (toCanonical(value, unit) * unit.divide) / unit.multiply
      expect(Math.abs(back - value)).toBeLessThanOrEqual(1e-9 * Math.max(1e-9, Math.abs(value)) + 1e-300)
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['230.1', 230.1],
  ['-0,5', -0.5],
  ['1,5', 1.5],
  ['0,125', 0.125],
  ['1.234,5', 1234.5],
  ['1,234.5', 1234.5],
  ['1e3', 1000],
  ['1,234', undefined],
  ['12:30', undefined],
  ['0x1f', undefined],
  ['1e400', undefined],
  ['nan', null],
  ['N/A', null],
  ['unavailable', null],
  ['', null],
])('the text %j is %s', (text, expected) => {
  expect(numberOfText(text)).toBe(expected)
})

test.each([
  ['230.1 V', 230.1, 'voltage'],
  ['1,5A', 1.5, 'current'],
  ['45 W', 45, 'active_power'],
  ['12 kWh', 12, 'energy'],
])('%s has its unit with it', (text, value, dimension) => {
  expect(quantityOfText(text)).toMatchObject({ value, unit: { dimension } })
})

test('a unit that is not known is no unit', () => {
  expect(quantityOfText('45 dBm')).toBeUndefined()
  expect(quantityOfText('1,234 W')).toBeUndefined()
})
