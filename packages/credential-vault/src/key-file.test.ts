import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureKeyFile, KeyFileError, parseKeyFile, readKeyFile } from './key-file.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'iomt-keys-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

test('makes a usable file readable by its owner alone, and leaves an existing one alone', () => {
  const path = join(directory, 'new', 'keys.json')
  expect(ensureKeyFile(path)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const before = readFileSync(path, 'utf8')
  expect(ensureKeyFile(path)).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(readKeyFile(path).keys.get(readKeyFile(path).active)).toHaveLength(32)
})

test('processes that race end with one file, one key and no debris', async () => {
  const path = join(directory, 'race', 'keys.json')
  const shell = join(import.meta.dirname, 'ensure-key-file.main.ts')
  const run = () =>
    promisify(execFile)(process.execPath, [shell], { env: { ...process.env, CREDENTIAL_KEY_FILE: path } })
  const outputs = await Promise.all([run(), run(), run()])
  expect(outputs.filter(({ stdout }) => stdout.includes('created'))).toHaveLength(1)
  expect(readdirSync(join(directory, 'race'))).toEqual(['keys.json'])
})

test('says precisely what is wrong and never shows a key', () => {
  const key = randomBytes(32).toString('base64')
  const cases: Array<[string, RegExp]> = [
    ['', /not JSON/],
    [`{"active": ${key}`, /not JSON/],
    ['null', /"active" must be/],
    ['{"active":"k1"}', /"keys" must be/],
    ['{"active":"k1","keys":[]}', /"keys" must be/],
    ['{"active":"k1","keys":{"k1":7}}', /"k1" must be a base64 string/],
    ['{"active":"k1","keys":{"k1":"***"}}', /"k1" is not base64/],
    [`{"active":"k1","keys":{"k1":"${key.slice(0, 40)}"}}`, /"k1" has 30 bytes, AES-256 needs 32/],
    [`{"active":"k2","keys":{"k1":"${key}"}}`, /active key "k2" is not among/],
  ]
  for (const [text, message] of cases) {
    expect(() => parseKeyFile(text, 'keys.json')).toThrow(message)
    expect(() => parseKeyFile(text, 'keys.json')).toThrow(KeyFileError)
    expect(() => parseKeyFile(text, 'keys.json')).not.toThrow(new RegExp(key.slice(0, 20).replace(/[+/]/g, '\\$&')))
  }
  const missing = join(directory, 'missing.json')
  expect(() => readKeyFile(missing)).toThrow(/does not exist/)
  writeFileSync(missing, 'x', { mode: 0o600 })
  expect(() => readKeyFile(missing)).toThrow(/not JSON/)
})
