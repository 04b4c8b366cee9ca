import { randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** AES-256. */
const KEY_BYTES = 32
const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/** Key-encryption keys by id; new envelopes are sealed with the active one, old ones open with the one they name. */
export interface KeyFile {
  readonly active: string
  readonly keys: ReadonlyMap<string, Buffer>
}

/** The key file cannot be used; the message says what is wrong and never shows a key. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
}

/**
 * Reads `{"active":"k1","keys":{"k1":"<base64 of 32 bytes>"}}`.
 *
 * Its mode is not checked: secrets mounted by Docker (0444) and Kubernetes (0644) are world-readable in the container.
 *
 * @throws KeyFileError when it is missing, unreadable or not of that shape.
 */
export function readKeyFile(path: string): KeyFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') throw new KeyFileError(`${path} does not exist; create it with ensure-key-file.main.ts`)
    throw new KeyFileError(`${path} cannot be read (${code})`, { cause: error })
  }
  return parseKeyFile(text, path)
}

/** The key file in `text`; `path` is for messages. */
export function parseKeyFile(text: string, path: string): KeyFile {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    // JSON.parse quotes what it stumbles over, which may be a key: its message stays out.
    throw new KeyFileError(`${path} is not JSON; expected {"active":"k1","keys":{"k1":"<base64 of 32 bytes>"}}`)
  }
  const { active, keys } = (content ?? {}) as { active?: unknown; keys?: unknown }
  if (typeof active !== 'string') throw new KeyFileError(`${path}: "active" must be the id of a key`)
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
    throw new KeyFileError(`${path}: "keys" must be an object of key ids and base64 keys`)
  }
  const decoded = new Map<string, Buffer>()
  for (const [id, value] of Object.entries(keys)) {
    if (!KEY_ID.test(id)) throw new KeyFileError(`${path}: a key id must match ${KEY_ID.source}`)
    if (typeof value !== 'string') throw new KeyFileError(`${path}: key "${id}" must be a base64 string`)
    const key = Buffer.from(value, 'base64')
    // Buffer.from skips what is not base64; only the canonical text comes back the same.
    if (key.toString('base64').replace(/=+$/, '') !== value.replace(/=+$/, '')) {
      throw new KeyFileError(`${path}: key "${id}" is not base64`)
    }
    if (key.length !== KEY_BYTES) {
      throw new KeyFileError(`${path}: key "${id}" has ${key.length} bytes, AES-256 needs ${KEY_BYTES}`)
    }
    decoded.set(id, key)
  }
  if (!decoded.has(active)) throw new KeyFileError(`${path}: the active key "${active}" is not among "keys"`)
  return { active, keys: decoded }
}

/**
 * Makes a key file with one random key, mode 0600, when there is none; answers whether it did. The file appears whole and
 * at once: it is written under another name and hard-linked, and `link` fails when the name is taken, so that of two
 * processes that race one wins and both go on with the same key.
 */
export function ensureKeyFile(path: string): boolean {
  const content = { active: 'k1', keys: { k1: randomBytes(KEY_BYTES).toString('base64') } }
  return createFileOnce(path, `${JSON.stringify(content, null, 2)}\n`)
}

/** Creates `path` with `content` and mode 0600, atomically; false when it exists already, which leaves it untouched. */
export function createFileOnce(path: string, content: string): boolean {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${randomUUID()}.tmp`
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx', flush: true })
  try {
    chmodSync(draft, 0o600)
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}
