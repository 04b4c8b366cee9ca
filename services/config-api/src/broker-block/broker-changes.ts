import { alwaysForbidden } from '@iomt/contracts/broker-address'
import type { BrokerSecrets } from '@iomt/contracts/credential-envelope'
import {
  credentialLengthProblem,
  DEFAULT_BROKER_PORT,
  type MqttConfig,
  type MqttCredentials,
} from '@iomt/contracts/mqtt-config'
import type { BrokerInput, MqttConfigInput } from '@iomt/contracts/rest/broker-block'
import { type CredentialContext, CredentialError, type Vault } from '@iomt/credential-vault/vault'
import type { StoredCredentials } from '@iomt/database/tables/broker-columns'
import { invalidField, Refusal } from '../changes/refusal.ts'
import type { BrokerRow } from './broker-row.ts'

/** Broker columns to write; JSON as text. */
export interface BrokerChanges {
  mqtt_broker_host?: string | null
  mqtt_broker_port?: number
  mqtt_credentials?: string
  mqtt_config?: string
}

const EMPTY: BrokerRow = {
  mqtt_broker_host: null,
  mqtt_broker_port: DEFAULT_BROKER_PORT,
  mqtt_credentials: {},
  mqtt_config: {},
}

/** What becomes of a secret: the new value, null to remove it, undefined to keep it. */
type SecretChange = string | null | undefined

/**
 * The columns that change when `input` is merged into a block (POST, PATCH): fields that are left out stay as they are,
 * `mqtt_config` is replaced as a whole, a secret inside is kept unless it is named.
 */
export function mergeBroker(
  current: BrokerRow | null,
  input: BrokerInput,
  vault: Vault,
  context: CredentialContext,
): BrokerChanges {
  const before = current ?? EMPTY
  requireReachableHost(input)
  requireSecretsForNewHost(before, input)
  requireUsableCredentials(before, input)
  return {
    ...(input.mqtt_broker_host !== undefined ? { mqtt_broker_host: input.mqtt_broker_host } : {}),
    ...(input.mqtt_broker_port !== undefined ? { mqtt_broker_port: input.mqtt_broker_port } : {}),
    ...(input.mqtt_config !== undefined ? { mqtt_config: JSON.stringify(withoutKey(input.mqtt_config)) } : {}),
    ...credentialChanges(before, input, vault, context),
  }
}

/**
 * The columns when `input` replaces a block (PUT): what is left out gets its default. A stored password stays when
 * credentials are given without one, since nobody who reads the block can send it back; likewise the TLS key. So
 * credentials without a username are refused while there is a password; without `mqtt_credentials` both are removed.
 */
export function replaceBroker(
  current: BrokerRow,
  input: BrokerInput,
  vault: Vault,
  context: CredentialContext,
): BrokerChanges {
  const credentials: MqttCredentials = input.mqtt_credentials ?? { password: null }
  return mergeBroker(
    current,
    {
      mqtt_broker_host: input.mqtt_broker_host ?? null,
      mqtt_broker_port: input.mqtt_broker_port ?? DEFAULT_BROKER_PORT,
      mqtt_credentials: { username: null, ...credentials },
      mqtt_config: input.mqtt_config ?? {},
    },
    vault,
    context,
  )
}

/** What a name resolves to, and which networks are allowed, the gateways check with each connection. */
function requireReachableHost({ mqtt_broker_host: host }: BrokerInput): void {
  const problem = host == null ? null : alwaysForbidden(host)
  if (problem) throw invalidField('/mqtt_broker_host', `is refused: ${problem}`)
}

/** A stored secret goes to the broker it was given for: whoever names another one must know the secret. */
function requireSecretsForNewHost(before: BrokerRow, input: BrokerInput): void {
  const host = input.mqtt_broker_host
  if (host == null || host.toLowerCase() === before.mqtt_broker_host?.toLowerCase()) return
  const errors = []
  if (before.mqtt_credentials.password_set && input.mqtt_credentials?.password === undefined) {
    errors.push({ pointer: '/mqtt_credentials/password', detail: 'must be sent again, or null' })
  }
  const dropsTls = input.mqtt_config !== undefined && !input.mqtt_config.tls
  if (before.mqtt_credentials.tls_key_set && input.mqtt_config?.tls?.key === undefined && !dropsTls) {
    errors.push({ pointer: '/mqtt_config/tls/key', detail: 'must be sent again, or null' })
  }
  if (errors.length === 0) return
  throw new Refusal(
    'credentials-required',
    'The broker host changes: a stored secret is never sent to another host. Send it again with the new host, or null to remove it.',
    errors,
  )
}

/**
 * Credentials that no CONNECT can carry would keep the socket from its broker for ever. A stored password is never dropped
 * silently along with its username: nobody could send it again. Only asked of a request that speaks of credentials, so
 * that what was stored before this was refused blocks no other change.
 */
function requireUsableCredentials(
  { mqtt_credentials: stored }: BrokerRow,
  { mqtt_credentials: given }: BrokerInput,
): void {
  if (given === undefined) return
  const tooLong = given.password == null ? null : credentialLengthProblem(given.password)
  if (tooLong) throw invalidField('/mqtt_credentials/password', `is too long: ${tooLong}`)
  const username = given.username === undefined ? stored.username : given.username
  const hasPassword = given.password === undefined ? stored.password_set : given.password !== null
  if (hasPassword && username == null) {
    throw invalidField('/mqtt_credentials/username', 'is required beside a password: send it, or the password as null')
  }
}

function withoutKey(config: MqttConfigInput): MqttConfig {
  if (!config.tls) return config as MqttConfig
  const { key: _key, ...tls } = config.tls
  return { ...config, tls }
}

function credentialChanges(
  before: BrokerRow,
  input: BrokerInput,
  vault: Vault,
  context: CredentialContext,
): Pick<BrokerChanges, 'mqtt_credentials'> {
  const { mqtt_credentials: credentials, mqtt_config: config } = input
  if (credentials === undefined && config === undefined) return {}
  const stored = before.mqtt_credentials
  const username = credentials?.username === undefined ? stored.username : credentials.username
  const sealed = sealSecrets(
    stored,
    // A block without TLS has no use for a key: dropping `tls` drops it.
    { password: credentials?.password, tls_key: config === undefined || config.tls ? config?.tls?.key : null },
    vault,
    context,
  )
  return { mqtt_credentials: JSON.stringify({ ...(username == null ? {} : { username }), ...sealed }) }
}

/** The envelope after the changes; opens the stored one only when a secret of it stays beside one that changes. */
function sealSecrets(
  stored: StoredCredentials,
  changes: Record<keyof BrokerSecrets, SecretChange>,
  vault: Vault,
  context: CredentialContext,
): Omit<StoredCredentials, 'username'> {
  const isSet = { password: stored.password_set === true, tls_key: stored.tls_key_set === true }
  const names = ['password', 'tls_key'] as const
  const changed = names.some((name) => typeof changes[name] === 'string' || (changes[name] === null && isSet[name]))
  if (!changed) {
    const { username: _username, ...unchanged } = stored
    return unchanged
  }
  const keepsOne = names.some((name) => changes[name] === undefined && isSet[name])
  const kept = keepsOne && stored.envelope ? openStored(stored.envelope, vault, context) : {}
  const secrets: BrokerSecrets = Object.fromEntries(
    names.flatMap((name) => {
      const value = changes[name] === undefined ? kept[name] : changes[name]
      return value == null ? [] : [[name, value]]
    }),
  )
  if (Object.keys(secrets).length === 0) return {}
  return {
    ...(secrets.password === undefined ? {} : { password_set: true }),
    ...(secrets.tls_key === undefined ? {} : { tls_key_set: true }),
    envelope: vault.seal(secrets, context),
  }
}

function openStored(envelope: NonNullable<StoredCredentials['envelope']>, vault: Vault, context: CredentialContext) {
  try {
    return vault.open(envelope, context)
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    throw new Refusal(
      'credentials-unreadable',
      `The stored credentials cannot be opened (${error.message}); send password and tls.key again, or null to remove them.`,
      [{ pointer: '/mqtt_credentials', detail: 'cannot be opened with the present key file' }],
    )
  }
}
