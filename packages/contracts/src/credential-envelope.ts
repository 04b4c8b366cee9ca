import { type Static, Type } from '@sinclair/typebox'

/**
 * Secrets of a broker block (`password`, `tls_key`) sealed with AES-256-GCM under a key of their own, which is sealed by
 * the key-encryption key named in `kek`. The only form in which a secret is stored or sent. All values base64.
 */
export const CredentialEnvelope = Type.Object(
  {
    v: Type.Literal(1),
    kek: Type.String({ description: 'Id of the key-encryption key in the key file' }),
    dek: Type.String({ description: 'nonce(12) | sealed data key(32) | tag(16)' }),
    data: Type.String({ description: 'nonce(12) | sealed JSON | tag(16)' }),
  },
  { additionalProperties: false },
)
export type CredentialEnvelope = Static<typeof CredentialEnvelope>

/** What an envelope holds once opened. */
export interface BrokerSecrets {
  readonly password?: string
  readonly tls_key?: string
}
