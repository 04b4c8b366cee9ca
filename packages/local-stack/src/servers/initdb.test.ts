import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { identityOf } from '../processes/process-identity.ts'
import { initialiseCluster, removeInitdbRemains } from './initdb.ts'

const directory = mkdtempSync(join(tmpdir(), 'iomt-initdb-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a start that is stopped while the cluster is made leaves no process and no password', async () => {
  const path = join(directory, 'postgres')
  // Stands for initdb: takes for ever.
  const initdb = join(directory, 'initdb')
  writeFileSync(initdb, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
  const stopping = new AbortController()
  const pids: (number | null)[] = []
  const made = initialiseCluster({ initdb, postgres: '', user: undefined }, path, 'secret', {
    signal: stopping.signal,
    onProcess: (pid) => pids.push(pid),
  })
  expect(pids).toEqual([expect.any(Number)])
  stopping.abort()
  await expect(made).rejects.toThrow(/abort/)
  expect(identityOf(pids[0] as number)).toBeNull()
  expect(pids[1]).toBeNull()
  expect(existsSync(path)).toBe(false)
  removeInitdbRemains(path)
  expect(readdirSync(directory)).toEqual(['initdb'])
})
