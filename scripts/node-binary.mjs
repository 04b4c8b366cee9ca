import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** From 24.12 on Node strips types without a warning. */
const WANTED = [24, 12]

/**
 * A Node that runs TypeScript: the one among the dependencies, or this one when it is new enough. The binary itself, not
 * the link in node_modules/.bin: so it gets the signals, and no shell stands between.
 */
export function nodeBinary(root) {
  const installed = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(installed)) return installed
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) return process.execPath
  throw new Error(
    `this is Node ${process.versions.node}, and there is no packaged Node 24 for ${process.platform} ${process.arch}: ` +
      `install Node ${WANTED.join('.')} or newer and run the command again`,
  )
}
