import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { findProgram } from './find-program.ts'

/** Exit code 101 keeps a package from starting its service while it is installed (Debian policy 9.3.3.1). */
const POLICY_FILE = '/usr/sbin/policy-rc.d'
const COMMAND = 'apt-get install -y --no-install-recommends nats-server'

/**
 * The path of nats-server, installed from the OS package where that can be done, which is said first.
 * `scripts/ensure-servers.mjs` has the same for the tests: that is loaded before anything is installed, by whatever Node the
 * machine has, and cannot import this.
 *
 * @throws Error with the command to run when it cannot.
 */
export function findOrInstallNats(say: (line: string) => void): string {
  const found = findProgram('nats-server')
  if (found) return found
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version') && findProgram('apt-get')) {
    say(`nats-server is not installed; installing it: apt-get update && ${COMMAND}`)
    install()
    const installed = findProgram('nats-server')
    if (installed) return installed
  }
  const command = process.platform === 'darwin' ? 'brew install nats-server' : `sudo ${COMMAND}`
  throw new Error(
    `nats-server is needed and not installed. Run: ${command}\n(or set NATS_URL to one that runs, with JetStream)`,
  )
}

function install(): void {
  const ownPolicy = !existsSync(POLICY_FILE)
  if (ownPolicy) {
    writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n')
    chmodSync(POLICY_FILE, 0o755)
  }
  try {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args: string[]) =>
      spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: environment })
    // Lists that cannot be fetched are no reason to stop: those that are there may do.
    apt('update')
    apt('install', '-y', '--no-install-recommends', 'nats-server')
  } finally {
    if (ownPolicy) rmSync(POLICY_FILE, { force: true })
  }
  // Nor at the next boot: it would take port 4222 with a configuration that is not ours.
  if (findProgram('systemctl')) spawnSync('systemctl', ['disable', '--now', 'nats-server'], { stdio: 'ignore' })
}
