import { randomBytes } from 'node:crypto'
import type { BrokerSecrets, CredentialEnvelope } from '@iomt/contracts/credential-envelope'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeyFile } from './key-file.ts'
import { type CredentialContext, CredentialError, createVault } from './vault.ts'

const context: CredentialContext = { organizationId: 'organization-1', owner: 'socket:1' }
const keys = new Map([
  ['k1', randomBytes(32)],
  ['k2', randomBytes(32)],
])
const vault = createVault({ active: 'k1', keys })

const secrets = fc.record(
  { password: fc.string({ unit: 'binary' }), tls_key: fc.string({ maxLength: 4_000 }) },
  { requiredKeys: [] },
) as fc.Arbitrary<BrokerSecrets>

test('whatever is sealed opens to the same, and two envelopes of it share nothing', () => {
  fc.assert(
    fc.property(secrets, (value) => {
      const [first, second] = [vault.seal(value, context), vault.seal(value, context)]
      expect(vault.open(first, context)).toEqual({ ...value })
      expect(first.dek).not.toBe(second.dek)
      expect(first.data).not.toBe(second.data)
    }),
    { numRuns: 200 },
  )
})

test('any changed byte is noticed, and the message shows no secret', () => {
  const secret = 'hunter2-canary'
  const envelope = vault.seal({ password: secret }, context)
  fc.assert(
    fc.property(
      fc.constantFrom('dek', 'data'),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (part, position, change) => {
        const bytes = Buffer.from(envelope[part as 'dek' | 'data'], 'base64')
        const index = position % bytes.length
        bytes[index] = (bytes[index] as number) ^ change
        const error = openError({ ...envelope, [part]: bytes.toString('base64') })
        expect(error).toMatchObject({ reason: 'not-authentic' })
        expect(error.message).not.toContain(secret)
      },
    ),
    { numRuns: 200 },
  )
})

test('an envelope does not open for another socket, PDU or organization', () => {
  const envelope = vault.seal({ password: 'p' }, context)
  const others: CredentialContext[] = [
    { ...context, owner: 'socket:2' },
    { ...context, owner: 'pdu:1' },
    { ...context, organizationId: 'organization-2' },
  ]
  for (const other of others) expect(openError(envelope, other)).toMatchObject({ reason: 'not-authentic' })
})

test('rotation: the new key seals, the old one still opens, a removed one is named', () => {
  const envelope = vault.seal({ password: 'p' }, context)
  const rotated = createVault({ active: 'k2', keys } satisfies KeyFile)
  expect(rotated.seal({}, context).kek).toBe('k2')
  expect(rotated.open(envelope, context)).toEqual({ password: 'p' })
  const without = createVault({ active: 'k2', keys: new Map([['k2', keys.get('k2') as Buffer]]) })
  expect(() => without.open(envelope, context)).toThrow(/sealed with key "k1", which is not in the key file/)
})

test('a cut or foreign envelope is malformed, not a crash', () => {
  const envelope = vault.seal({ password: 'p' }, context)
  expect(openError({ ...envelope, dek: 'AAAA' })).toMatchObject({ reason: 'malformed' })
  expect(openError({ ...envelope, data: '' })).toMatchObject({ reason: 'malformed' })
  expect(openError({ ...envelope, v: 2 as 1 })).toMatchObject({ reason: 'malformed' })
})

function openError(envelope: CredentialEnvelope, owner = context): CredentialError {
  try {
    vault.open(envelope, owner)
  } catch (error) {
    if (error instanceof CredentialError) return error
    throw error
  }
  throw new Error('it opened')
}
