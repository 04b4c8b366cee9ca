import { spawnSync } from 'node:child_process'
import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian puts servers into sbin, which is not on every user's PATH. */
const SERVER_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/sbin', '/opt/homebrew/bin']

/** Tells a package's installation not to start its service (Debian policy 9.3.3.1). */
const POLICY_FILE = '/usr/sbin/policy-rc.d'

/**
 * Sees to it that tests find nats-server (needed) and mosquitto (tests that need it are skipped without). False, with
 * a message, when the tests cannot run. `packages/local-stack` has the same in `install-nats.ts` for `npm start`: this here
 * is loaded before anything is installed, by whatever Node the machine has, so it can import no TypeScript and no package.
 */
export function ensureTestServers() {
  const missing = ['nats-server', 'mosquitto'].filter((name) => !isInstalled(name))
  if (missing.length === 0) return true
  if (canInstall()) install(missing)

  const stillMissing = missing.filter((name) => !isInstalled(name))
  if (stillMissing.length === 0) return true
  const needed = stillMissing.includes('nats-server')
  console.error(
    `${stillMissing.join(' and ')} not installed: ${needed ? 'the tests need nats-server' : 'tests on Mosquitto are skipped'}. ` +
      `On Debian or Ubuntu: sudo apt-get install -y ${stillMissing.join(' ')}; on macOS: brew install ${stillMissing.join(' ')}`,
  )
  return !needed
}

/** Whether a program is on PATH or in a usual server directory. */
export function isInstalled(name) {
  const directories = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...SERVER_DIRECTORIES]
  return directories.some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Root on a Debian-like system. */
export function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && isInstalled('apt-get')
}

/** Installs Debian packages; their services are neither started now nor at the next boot. */
export function install(packages) {
  console.log(`installing ${packages.join(' and ')} with apt-get …`)
  const ownPolicy = !existsSync(POLICY_FILE)
  if (ownPolicy) {
    writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n')
    chmodSync(POLICY_FILE, 0o755)
  }
  try {
    // Lists that cannot be fetched are no reason to stop: what is there already may do.
    aptGet(['update', '-qq'])
    aptGet(['install', '-y', '-qq', '--no-install-recommends', ...packages])
  } finally {
    if (ownPolicy) rmSync(POLICY_FILE, { force: true })
  }
  if (existsSync('/run/systemd/system')) spawnSync('systemctl', ['disable', '--now', ...packages], { stdio: 'ignore' })
}

/** Its output is shown only when it fails. */
function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync('apt-get', args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) console.error(`apt-get ${args[0]} failed:\n${stdout ?? ''}${stderr ?? ''}`)
  return status === 0
}
