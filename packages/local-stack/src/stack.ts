import { existsSync, readFileSync } from 'node:fs'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { connectDatabase } from '@iomt/database/connect'
import { migrateToLatest } from '@iomt/database/migrate'
import { DEFAULT_PORTS, type PortName, type StackFlags } from './flags.ts'
import { accepts, choosePort, freePort } from './ports.ts'
import {
  removeProcessFile,
  runningProcesses,
  SUPERVISOR,
  stopLeftovers,
  writeProcessFile,
} from './processes/process-file.ts'
import {
  createSupervisedProcess,
  type ProcessDefinition,
  type SupervisedProcess,
} from './processes/supervised-process.ts'
import { findOrInstallNats } from './servers/install-nats.ts'
import { natsDefinition } from './servers/nats.ts'
import { nodeProcess } from './servers/node-process.ts'
import { ensureDatabase, planPostgres } from './servers/postgres.ts'
import { configApi, mqttGateway, telemetryWriter } from './servers/services.ts'
import { openStackDirectory } from './stack-directory.ts'
import { removeStackFile, type StackFile, writeStackFile } from './stack-file.ts'
import type { Progress } from './terminal/progress.ts'
import { wardProcess } from './ward/ward-process.ts'

/** Milliseconds each process gets to end in order; the writer needs the longest, it stores what it holds. */
const PATIENCE = 12_000

/** The stack cannot be started as asked; the message is for the person at the terminal. */
export class StackError extends Error {
  override readonly name = 'StackError'
}

/** Servers of one's own, from NATS_URL and MQTT_URL. */
export interface ExternalServers {
  readonly natsUrl: string | undefined
  /** For the services: variables that say how streams are made there. */
  readonly natsSettings: Readonly<Record<string, string>>
  readonly mqttUrl: string | undefined
}

export interface Stack {
  /** Resolves with what `stack.json` holds, once everything is ready. */
  start(): Promise<StackFile>
  /** Stops everything in reverse order, also amid a start; further calls wait for the first. */
  stop(): Promise<void>
}

export function createStack(flags: StackFlags, external: ExternalServers, progress: Progress): Stack {
  const directory = openStackDirectory(flags.dataDirectory)
  const processes: SupervisedProcess[] = []
  let stack: Omit<StackFile, 'pids'> | null = null
  let stopping: Promise<void> | null = null
  let owned = false

  function processIds(): Record<string, number> {
    return Object.fromEntries(processes.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid]])))
  }

  function recordProcesses(): void {
    writeProcessFile(directory.root, { [SUPERVISOR]: process.pid, ...processIds() })
    if (stack && !stopping) writeStackFile(directory.stackFile, { ...stack, pids: processIds() })
  }

  async function launch(definition: ProcessDefinition, remark = ''): Promise<void> {
    if (stopping) throw new StackError('stopped while starting')
    const supervised = createSupervisedProcess(definition, {
      logDirectory: directory.logs,
      report(line) {
        if (stopping === null) progress.warn(line)
      },
      onChange: recordProcesses,
    })
    processes.push(supervised)
    await supervised.start()
    if (!stopping) progress.say(`${definition.name} is ready${remark}`)
  }

  /** A stack that runs is left alone; what a killed one left behind is stopped. */
  async function takeOver(): Promise<void> {
    const { [SUPERVISOR]: other, ...leftovers } = runningProcesses(directory.root)
    if (other !== undefined) {
      throw new StackError(
        `A stack runs on ${directory.root} already (process ${other}); stop it with Ctrl-C there, or choose another --data-dir`,
      )
    }
    owned = true
    removeStackFile(directory.stackFile)
    const names = Object.keys(leftovers)
    if (names.length === 0) return
    progress.say(`stopping what an interrupted start left behind: ${names.join(', ')}`)
    await stopLeftovers(directory.root, leftovers)
  }

  /** All of them before anything is started, so that a port that is taken costs nobody a second. */
  async function choosePorts(): Promise<Record<PortName, number>> {
    const chosen = { ...DEFAULT_PORTS }
    for (const name of Object.keys(DEFAULT_PORTS) as PortName[]) {
      const runsAlready = { nats: external.natsUrl, mqtt: external.mqttUrl, api: undefined, postgres: undefined }[name]
      if (runsAlready) continue
      chosen[name] = await choosePort(name, flags.ports[name], DEFAULT_PORTS[name])
    }
    return chosen
  }

  async function startDatabase(port: number): Promise<string> {
    const plan = await planPostgres(directory, port)
    if (plan.moved)
      progress.say(`the OS user postgres cannot reach ${directory.root}: the database lies in ${plan.moved}`)
    await launch(plan.definition, ` on port ${port}${plan.created ? ' (new)' : ''}`)
    await ensureDatabase(plan.url)
    const { database } = connectDatabase({
      url: plan.url,
      maxConnections: 1,
      applicationName: 'iomt-migrate',
      onConnectionError: () => undefined,
    })
    try {
      const migrations = await migrateToLatest(database)
      if (migrations.length > 0) progress.say(`database migrated: ${migrations.join(', ')}`)
    } finally {
      await database.destroy()
    }
    return plan.url
  }

  async function startNats(port: number): Promise<string> {
    if (external.natsUrl) return external.natsUrl
    const command = findOrInstallNats((line) => progress.say(line))
    await launch(natsDefinition(directory, port, command), ` on port ${port}`)
    return `nats://127.0.0.1:${port}`
  }

  async function startBroker(port: number): Promise<string> {
    if (external.mqttUrl) return external.mqttUrl
    const main = import.meta.resolve('./servers/mqtt-broker.main.ts')
    const env = { PORT: String(port) }
    await launch(
      nodeProcess({ name: 'mqtt-broker', directory, main, env, ready: () => accepts(port) }),
      ` on port ${port}`,
    )
    return `mqtt://127.0.0.1:${port}`
  }

  async function startServices(urls: { database: string; nats: string }, apiPort: number): Promise<string> {
    const shared = { directory, urls, natsSettings: external.natsSettings }
    const several = (count: number, make: (port: number, number: number) => ProcessDefinition) =>
      Array.from({ length: count }, async (_, index) => launch(make(await freePort(), index + 1)))
    await Promise.all([
      launch(configApi({ ...shared, port: apiPort }), ` on port ${apiPort}`),
      ...several(flags.gateways, (port, number) => mqttGateway({ ...shared, port }, number)),
      ...several(flags.writers, (port, number) => telemetryWriter({ ...shared, port }, number)),
    ])
    return `http://127.0.0.1:${apiPort}`
  }

  async function start(): Promise<StackFile> {
    await takeOver()
    const ports = await choosePorts()
    recordProcesses()
    if (ensureKeyFile(directory.credentialKeyFile)) progress.say('made the key file for broker credentials')
    const [database = '', nats = '', mqtt = ''] = await together([
      startDatabase(ports.postgres),
      startNats(ports.nats),
      startBroker(ports.mqtt),
    ])
    const api = await startServices({ database, nats }, ports.api)
    const apiKey = existsSync(directory.adminKeyFile) ? readFileSync(directory.adminKeyFile, 'utf8').trim() : null
    if (flags.simulator && apiKey) {
      await launch(
        wardProcess({ directory, apiUrl: api, mqttUrl: mqtt, flags }),
        `: ${flags.pdus * flags.socketsPerPdu} sockets`,
      )
    } else if (flags.simulator) {
      progress.warn(`no simulated ward: ${directory.adminKeyFile} is gone, and the database knows a key already`)
    }
    stack = { api_url: api, api_key: apiKey, nats_url: nats, mqtt_url: mqtt, database_url: database, console_url: null }
    recordProcesses()
    return { ...stack, pids: processIds() }
  }

  async function stopAll(): Promise<void> {
    if (!owned) return
    removeStackFile(directory.stackFile)
    const among = (test: (name: string) => boolean) => processes.filter(({ name }) => test(name))
    const isServer = (name: string) => ['nats-server', 'mqtt-broker', 'postgres'].includes(name)
    // Publishers, then what reads from NATS, then the servers: nothing loses its server while it finishes its work.
    const phases = [
      among((name) => name === 'ward'),
      among((name) => name.startsWith('mqtt-gateway') || name === 'config-api'),
      among((name) => name.startsWith('telemetry-writer')),
      among(isServer),
    ]
    for (const phase of phases) await Promise.all(phase.map((one) => one.stop(PATIENCE)))
    removeProcessFile(directory.root)
  }

  return {
    start,
    stop() {
      stopping ??= stopAll()
      return stopping
    },
  }
}

/** All of them, or the first error, but only once all have come to an end: nothing is started behind a failed start. */
async function together(promises: readonly Promise<string>[]): Promise<string[]> {
  const results = await Promise.allSettled(promises)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
