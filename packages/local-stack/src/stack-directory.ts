import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { FlagError } from './flags.ts'

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
  readonly portsFile: string
}

/** @throws FlagError when it cannot be used. */
export function openStackDirectory(wanted: string): StackDirectory {
  try {
    return makeStackDirectory(wanted)
  } catch (error) {
    throw new FlagError(
      `--data-dir ${wanted} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function makeStackDirectory(wanted: string): StackDirectory {
  if (!existsSync(wanted)) {
    makeDirectory(wanted)
    // The database server of a stack that root starts runs as another user: it must get through, and see nothing else.
    // What others have made stays as they made it.
    if (process.getuid?.() === 0) chmodSync(wanted, 0o711)
  }
  const root = realpathSync(wanted)
  if (!statSync(root).isDirectory()) throw new Error('it is no directory')
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
    portsFile: join(root, 'ports.json'),
  }
}

/** Level by level: below /proc, Node's `recursive` never comes back. */
function makeDirectory(path: string): void {
  if (!existsSync(dirname(path))) makeDirectory(dirname(path))
  mkdirSync(path, { mode: 0o711 })
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

/** Where the database lies. */
export interface DatabaseDirectory {
  readonly path: string
  /** The same when it is outside the stack's own directory. */
  readonly moved: string | null
  /** A database that lies where this one would have been; it may be that of a checkout that was moved, and is left alone. */
  readonly kept: string | null
}

/**
 * The directory of the database: `postgres` in the stack's own. When another user runs the server and cannot get there (a
 * checkout under root's home, mode 0700), it lies under /var/lib and `postgres` is a link to it. The link counts, not the path
 * of the stack's directory: that may be moved or renamed. Nothing that lies outside is ever removed.
 */
export function databaseDirectory(
  root: string,
  runsAsOther: boolean,
  reachableRoot = REACHABLE_ROOT,
): DatabaseDirectory {
  const inside = join(root, 'postgres')
  const link = lstatSync(inside, { throwIfNoEntry: false })
  const reachable = !runsAsOther || isReachableByOthers(root)
  if (link?.isSymbolicLink()) {
    const target = resolve(root, readlinkSync(inside))
    if (isCluster(target) || reachable) return { path: target, moved: target, kept: null }
    // A first start that was interrupted before there was a database.
    rmSync(inside)
  } else if (reachable) {
    return { path: inside, moved: null, kept: null }
  } else if (link) {
    throw new Error(
      `The OS user postgres cannot reach ${inside}; allow it (chmod o+x on its parents) or choose another --data-dir`,
    )
  }
  const name = createHash('sha256').update(root).digest('hex').slice(0, 12)
  const expected = join(reachableRoot, name, 'postgres')
  const path = isEmpty(expected) ? expected : join(freshDirectory(join(reachableRoot, `${name}-`)), 'postgres')
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  symlinkSync(path, inside)
  return { path, moved: path, kept: path === expected ? null : expected }
}

const isCluster = (path: string) => existsSync(join(path, 'PG_VERSION'))
const isEmpty = (path: string) => !existsSync(path) || readdirSync(path).length === 0

function freshDirectory(prefix: string): string {
  const path = mkdtempSync(prefix)
  chmodSync(path, 0o711)
  return path
}
