import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInForeground } from './run-in-foreground.mjs'

/** The workspace's root folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const stampFile = join(root, 'node_modules', '.iomt-installed')

/** The package manager pinned in package.json, as npx takes it: `pnpm@12.21.0`. */
export function packageManager() {
  const { packageManager: pinned } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return pinned.split('+')[0]
}

/** Installs the dependencies unless they are those of the lock file already; costs about 5 ms when they are. */
export async function ensureInstalled() {
  const wanted = fingerprint()
  if (readIfThere(stampFile) === wanted) return

  const manager = packageManager()
  const started = Date.now()
  console.log(`installing dependencies with ${manager} (first run, or they changed; about a minute) …`)
  // An install that is interrupted must not look finished.
  rmSync(stampFile, { force: true })
  const code = await runInForeground('npx', ['--yes', manager, 'install', '--frozen-lockfile'], { cwd: root })
  if (code !== 0) throw new Error(`the installation failed: ${manager} install ended with code ${code}`)
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, wanted)
  console.log(`dependencies installed in ${Math.round((Date.now() - started) / 1000)} s`)
}

/** All that decides what an installation looks like; node_modules copied from another kind of machine does not fit. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  for (const folder of ['packages', 'services']) {
    for (const name of readdirSync(join(root, folder)).sort()) files.push(join(folder, name, 'package.json'))
  }
  for (const file of files) hash.update(`${file}\n${readIfThere(join(root, file)) ?? ''}\n`)
  return hash.digest('hex')
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
