import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { BrokerSecrets, CredentialEnvelope } from '@iomt/contracts/credential-envelope'
import type { KeyFile } from './key-file.ts'

/** NIST SP 800-38D 8.2: 96-bit nonces. Random ones are safe here: a data key seals once, a KEK far fewer than 2^32 times. */
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32
const ALGORITHM = 'aes-256-gcm'

/** Whose secrets these are: an envelope opens only for the owner and organization it was sealed for. */
export interface CredentialContext {
  readonly organizationId: string
  readonly owner: `pdu:${string}` | `socket:${string}`
}

export type CredentialErrorReason = 'unknown-key' | 'not-authentic' | 'malformed'

/** An envelope cannot be opened. The message names the key id at most; it never shows a secret or a key. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
  readonly reason: CredentialErrorReason

  constructor(reason: CredentialErrorReason, message: string) {
    super(message)
    this.reason = reason
  }
}

export interface Vault {
  /** Seals under a fresh data key, which is sealed under the active key-encryption key. */
  seal(secrets: BrokerSecrets, context: CredentialContext): CredentialEnvelope
  /** @throws CredentialError when its key is not in the key file, or it was changed or sealed for another context. */
  open(envelope: CredentialEnvelope, context: CredentialContext): BrokerSecrets
}

/**
 * Envelope encryption of broker secrets: AES-256-GCM twice, with `v1|{organization}|{owner}` as associated data of both, so
 * that an envelope copied to another socket or tenant does not open there. Rotation needs no new passwords: add a key,
 * make it active, and rewrite each envelope as `seal(open(…))`.
 */
export function createVault(keyFile: KeyFile): Vault {
  return {
    seal(secrets, context) {
      const keyEncryptionKey = requireKey(keyFile, keyFile.active)
      const associatedData = associatedDataOf(context)
      const dataKey = randomBytes(KEY_BYTES)
      return {
        v: 1,
        kek: keyFile.active,
        dek: encrypt(keyEncryptionKey, dataKey, associatedData),
        data: encrypt(dataKey, Buffer.from(JSON.stringify(secrets)), associatedData),
      }
    },
    open(envelope, context) {
      if (envelope.v !== 1) throw new CredentialError('malformed', `credential envelope version is not 1`)
      const keyEncryptionKey = requireKey(keyFile, envelope.kek)
      const associatedData = associatedDataOf(context)
      const dataKey = decrypt(keyEncryptionKey, envelope.dek, associatedData, context)
      if (dataKey.length !== KEY_BYTES) throw new CredentialError('malformed', 'credential envelope: data key length')
      return JSON.parse(decrypt(dataKey, envelope.data, associatedData, context).toString()) as BrokerSecrets
    },
  }
}

function requireKey(keyFile: KeyFile, id: string): Buffer {
  const key = keyFile.keys.get(id)
  if (!key)
    throw new CredentialError('unknown-key', `credentials are sealed with key "${id}", which is not in the key file`)
  return key
}

function associatedDataOf(context: CredentialContext): Buffer {
  return Buffer.from(`v1|${context.organizationId}|${context.owner}`)
}

function encrypt(key: Buffer, plain: Buffer, associatedData: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(associatedData)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function decrypt(key: Buffer, sealed: string, associatedData: Buffer, context: CredentialContext): Buffer {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new CredentialError('malformed', 'credential envelope is cut short')
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(associatedData)
    .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()])
  } catch {
    throw new CredentialError('not-authentic', `credentials were changed or are not those of ${context.owner}`)
  }
}
