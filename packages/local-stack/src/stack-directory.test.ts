import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { FlagError } from './flags.ts'
import { databaseDirectory, openStackDirectory } from './stack-directory.ts'

const parents: string[] = []
afterEach(() => {
  for (const parent of parents.splice(0)) rmSync(parent, { recursive: true, force: true })
})

/** A home that only its owner may enter, and a place that everybody can reach. */
function makePlaces(): { stack: string; moved: string; reachable: string } {
  const parent = mkdtempSync(join(tmpdir(), 'iomt-directory-'))
  parents.push(parent)
  const place = (name: string) => {
    const path = join(parent, name)
    mkdirSync(path, { mode: 0o700 })
    return path
  }
  return { stack: place('checkout'), moved: join(parent, 'renamed'), reachable: place('reachable') }
}

function makeCluster(path: string): void {
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'PG_VERSION'), '18\n')
}

test('a database that lies outside is found again when the directory of its stack is renamed', () => {
  const { stack, moved, reachable } = makePlaces()
  const first = databaseDirectory(stack, true, reachable)
  expect(first.moved).toBe(first.path)
  makeCluster(first.path)
  renameSync(stack, moved)
  expect(databaseDirectory(moved, true, reachable).path).toBe(first.path)
})

test('a new stack at the place of a moved one leaves the database of that alone', () => {
  const { stack, moved, reachable } = makePlaces()
  const first = databaseDirectory(stack, true, reachable)
  makeCluster(first.path)
  renameSync(stack, moved)
  mkdirSync(stack, { mode: 0o700 })
  const second = databaseDirectory(stack, true, reachable)
  expect(second.path).not.toBe(first.path)
  expect(second.kept).toBe(first.path)
  expect(existsSync(join(first.path, 'PG_VERSION'))).toBe(true)
  expect(databaseDirectory(stack, true, reachable).path).not.toBe(first.path)
})

test('a first start that was interrupted before there was a database begins anew', () => {
  const { stack, reachable } = makePlaces()
  const first = databaseDirectory(stack, true, reachable)
  expect(databaseDirectory(stack, true, reachable).path).toBe(first.path)
})

test('a directory that can be reached holds its database itself', () => {
  const { stack, reachable } = makePlaces()
  expect(databaseDirectory(stack, false, reachable)).toEqual({ path: join(stack, 'postgres'), moved: null, kept: null })
})

test('what cannot be a data directory is named, and nothing that exists gets another mode', () => {
  const { stack } = makePlaces()
  const file = join(stack, 'file')
  writeFileSync(file, '', { mode: 0o600 })
  expect(() => openStackDirectory(file)).toThrow(FlagError)
  expect(() => openStackDirectory(file)).toThrow(`--data-dir ${file} cannot be used: it is no directory`)
  expect(() => openStackDirectory(join(file, 'below'))).toThrow(FlagError)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  // Node's own recursive making of directories would not come back from there.
  expect(() => openStackDirectory('/proc/nowhere/data')).toThrow(FlagError)
  openStackDirectory(stack)
  expect(statSync(stack).mode & 0o777).toBe(0o700)
})

test('a directory has the same name under each of its paths', () => {
  const { stack, moved } = makePlaces()
  symlinkSync(stack, moved)
  expect(openStackDirectory(moved).root).toBe(stack)
})
