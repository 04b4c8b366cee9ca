import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

export const NODE_RED_VERSION = '5.0.7'
/** The driver that the flows insert with: the product's own. */
const PG_VERSION = '8.23.1'

/** Where it is or would be; beside the product's state and no part of its dependencies. */
const installDirectory = () => join(import.meta.dirname, `../../../../.iomt/peers/node-red-${NODE_RED_VERSION}`)

/** Its `node_modules`, or undefined when it is not installed. */
export function installedNodeRed(): string | undefined {
  const modules = join(installDirectory(), 'node_modules')
  return existsSync(join(modules, 'node-red/red.js')) ? modules : undefined
}

/**
 * Installs it from npm on first use, about 20 s and 120 MB.
 *
 * @throws with npm's last line when that is impossible, as without a registry.
 */
export async function installNodeRed(): Promise<string> {
  const installed = installedNodeRed()
  if (installed !== undefined) return installed
  const unfinished = `${installDirectory()}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const packages = [`node-red@${NODE_RED_VERSION}`, `pg@${PG_VERSION}`]
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error']
  try {
    // The directory's own --prefix: npm would otherwise take the workspace's package.json for its own.
    await promisify(execFile)('npm', ['install', '--prefix', unfinished, ...flags, ...packages], {
      cwd: dirname(unfinished),
      timeout: 300_000,
    })
  } catch (cause) {
    const { stderr } = cause as { stderr?: string }
    const reason = stderr?.split('\n').find((line) => line.includes('error')) ?? 'npm install failed'
    throw new Error(`Node-RED cannot be installed: ${reason}`, { cause })
  }
  renameSync(unfinished, installDirectory())
  return join(installDirectory(), 'node_modules')
}
