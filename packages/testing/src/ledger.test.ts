import { expect, test } from 'vitest'
import { createLedger } from './ledger.ts'

test('tells lost, duplicated and unexpected apart', () => {
  const ledger = createLedger()
  ledger.acknowledged('socket-1', 1)
  ledger.acknowledged('socket-1', 2)
  ledger.acknowledged('socket-2', 1)

  const comparison = ledger.compare([
    { key: 'socket-1', sequence: 1 },
    { key: 'socket-1', sequence: 1 },
    { key: 'socket-1', sequence: 1 },
    { key: 'socket-2', sequence: 1 },
    { key: 'socket-2', sequence: 2 },
    { key: 'socket-3', sequence: 7 },
  ])

  expect(comparison).toEqual({
    lost: [{ key: 'socket-1', sequence: 2 }],
    duplicated: [{ key: 'socket-1', sequence: 1 }],
    unexpected: [
      { key: 'socket-2', sequence: 2 },
      { key: 'socket-3', sequence: 7 },
    ],
  })
})

test('counts an entry once, however often it is acknowledged', () => {
  const ledger = createLedger()
  ledger.acknowledged('socket-1', 1)
  ledger.acknowledged('socket-1', 1)
  expect(ledger.size).toBe(1)
  expect(ledger.compare([{ key: 'socket-1', sequence: 1 }])).toEqual({ lost: [], duplicated: [], unexpected: [] })
})
