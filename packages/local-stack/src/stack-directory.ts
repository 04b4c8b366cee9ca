import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where a stack keeps what it has. */
export interface StackDirectory {
  readonly root: string
  readonly logs: string
  readonly nats: string
  readonly compileCache: string
  readonly credentialKeyFile: string
  readonly adminKeyFile: string
  readonly databasePasswordFile: string
  readonly stackFile: string
}

export function openStackDirectory(root: string): StackDirectory {
  // The database server of a stack that root starts runs as another user: it must get through, and see nothing else.
  if (!existsSync(root)) mkdirSync(root, { recursive: true, mode: 0o711 })
  if (process.getuid?.() === 0) chmodSync(root, statSync(root).mode | 0o011)
  const directory = (name: string) => {
    const path = join(root, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  return {
    root,
    logs: directory('logs'),
    nats: directory('nats'),
    compileCache: directory('compile-cache'),
    credentialKeyFile: join(root, 'credential-keys.json'),
    adminKeyFile: join(root, 'admin-api-key'),
    databasePasswordFile: join(root, 'postgres-password'),
    stackFile: join(root, 'stack.json'),
  }
}

/** Whether every user may enter the directory and all above it. */
export function isReachableByOthers(directory: string): boolean {
  for (let path = directory; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false
    if (path === dirname(path)) return true
  }
}

/** Outside root's home, for what the OS user `postgres` must reach. */
const REACHABLE_ROOT = '/var/lib/iomt-local-stack'

/**
 * The directory of the database: `postgres` in the stack's own. When another user runs the server and cannot get there (a
 * checkout under root's home, mode 0700), it lies under /var/lib and `postgres` is a link to it; then `moved` says where.
 */
export function databaseDirectory(root: string, runsAsOther: boolean): { path: string; moved: string | null } {
  const inside = join(root, 'postgres')
  const link = lstatSync(inside, { throwIfNoEntry: false })
  if (!runsAsOther || isReachableByOthers(root)) {
    if (!link?.isSymbolicLink()) return { path: inside, moved: null }
    return { path: readlinkSync(inside), moved: readlinkSync(inside) }
  }
  if (link && !link.isSymbolicLink()) {
    throw new Error(
      `The OS user postgres cannot reach ${inside}; allow it (chmod o+x on its parents) or choose another --data-dir`,
    )
  }
  const outside = join(REACHABLE_ROOT, createHash('sha256').update(root).digest('hex').slice(0, 12), 'postgres')
  mkdirSync(dirname(outside), { recursive: true, mode: 0o711 })
  if (link && readlinkSync(inside) !== outside) rmSync(inside)
  if (!lstatSync(inside, { throwIfNoEntry: false })) {
    // The stack's directory was removed and made anew: what lies outside was its database, and its password is gone.
    rmSync(outside, { recursive: true, force: true })
    symlinkSync(outside, inside)
  }
  return { path: outside, moved: outside }
}
