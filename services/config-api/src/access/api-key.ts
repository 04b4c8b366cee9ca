import { createHash, randomBytes } from 'node:crypto'

/** `iomt_` and 256 random bits as base64url. */
const API_KEY = /^iomt_[A-Za-z0-9_-]{43}$/

export function isApiKey(text: string): boolean {
  return API_KEY.test(text)
}

export function generateApiKey(): string {
  return `iomt_${randomBytes(32).toString('base64url')}`
}

/** What is stored of a key. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Enough to tell keys apart in a list, far too little to guess the rest. */
export function prefixOf(key: string): string {
  return key.slice(0, 10)
}
