import { expect, test } from 'vitest'
import { endInvalidKeys } from './end-invalid-keys.ts'

test('streams of keys that are not valid any more end, and none that began while that was asked', async () => {
  const dropped: string[] = []
  const clientOf = (keyId: string) => ({ keyId, drop: () => void dropped.push(keyId) })
  const clients = new Set([clientOf('valid'), clientOf('revoked'), clientOf('revoked')])
  const asked: (readonly string[])[] = []
  await endInvalidKeys(clients, async (keyIds) => {
    asked.push(keyIds)
    clients.add(clientOf('new'))
    return new Set(['valid'])
  })
  expect(asked).toEqual([['valid', 'revoked']])
  expect(dropped).toEqual(['revoked', 'revoked'])
})
