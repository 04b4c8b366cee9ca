import { existsSync, readFileSync } from 'node:fs'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { connectDatabase } from '@iomt/database/connect'
import { migrateToLatest } from '@iomt/database/migrate'
import { choosePorts, readRememberedPorts, rememberPorts } from './chosen-ports.ts'
import { DEFAULT_PORTS, type PortName, type StackFlags } from './flags.ts'
import { freePort } from './ports.ts'
import { lockDirectory } from './processes/directory-lock.ts'
import {
  type Processes,
  removeProcessFile,
  runningProcesses,
  SUPERVISOR,
  stopLeftovers,
  writeProcessFile,
} from './processes/process-file.ts'
import { identityOf } from './processes/process-identity.ts'
import {
  AddressInUseError,
  createSupervisedProcess,
  type ProcessDefinition,
  type SupervisedProcess,
} from './processes/supervised-process.ts'
import { mqttBroker } from './servers/broker-process.ts'
import { findOrInstallNats } from './servers/install-nats.ts'
import { natsDefinition } from './servers/nats.ts'
import { jetStreamAnswers } from './servers/nats-health.ts'
import { freeBytesOf, watchNats } from './servers/nats-watch.ts'
import { ensureDatabase, type PostgresPlan, planPostgres } from './servers/postgres.ts'
import { configApi, mqttGateway, type ServiceUrls, telemetryWriter } from './servers/services.ts'
import { openStackDirectory } from './stack-directory.ts'
import { removeStackFile, type StackFile, writeStackFile } from './stack-file.ts'
import { PATIENCE, stopInOrder } from './stop-in-order.ts'
import type { Progress } from './terminal/progress.ts'
import { wardProcess } from './ward/ward-process.ts'

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
  let initdbProcess: number | null = null
  let planning: Promise<PostgresPlan> | null = null
  const ending = new AbortController()
  const initdb = {
    signal: ending.signal,
    onProcess(pid: number | null) {
      initdbProcess = pid
      recordProcesses()
    },
  }

  function processIds(): Record<string, number> {
    return Object.fromEntries(processes.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid]])))
  }

  function recordProcesses(leftovers: Processes = {}): void {
    const ids = {
      [SUPERVISOR]: process.pid,
      ...processIds(),
      ...(initdbProcess === null ? {} : { initdb: initdbProcess }),
    }
    const identities = Object.entries(ids).flatMap(([name, pid]) => {
      const identity = identityOf(pid)
      return identity ? [[name, identity] as const] : []
    })
    writeProcessFile(directory.root, { ...leftovers, ...Object.fromEntries(identities) })
    if (stack && !stopping) writeStackFile(directory.stackFile, { ...stack, pids: processIds() })
  }

  /** `port` is the one that a flag can choose. */
  async function launch(
    definition: ProcessDefinition,
    remark = '',
    port?: [name: PortName, port: number],
  ): Promise<SupervisedProcess> {
    if (stopping) throw new StackError('stopped while starting')
    const supervised = createSupervisedProcess(definition, {
      logDirectory: directory.logs,
      report(line) {
        if (stopping === null) progress.warn(line)
      },
      onChange: () => recordProcesses(),
    })
    processes.push(supervised)
    await supervised.start().catch((error: unknown) => {
      if (!(error instanceof AddressInUseError)) throw error
      const advice = port
        ? `${port[1]} was taken meanwhile; start again, or choose another one with --${port[0]}-port`
        : 'start again'
      throw new StackError(`${definition.name} could not have its port: ${advice}`, { cause: error })
    })
    if (!stopping) progress.say(`${definition.name} is ready${remark}`)
    return supervised
  }

  /** A stack that runs is left alone; what a killed one left behind is stopped. */
  async function takeOver(): Promise<void> {
    const free = await lockDirectory(directory.root)
    const { [SUPERVISOR]: other, ...leftovers } = runningProcesses(directory.root)
    if (!free || other !== undefined) {
      const [who, how] = other ? [` (process ${other.pid})`, `Ctrl-C there or kill ${other.pid}`] : ['', 'Ctrl-C there']
      throw new StackError(
        `A stack runs on ${directory.root} already${who}; stop it with ${how}, or choose another --data-dir`,
      )
    }
    owned = true
    // Before it takes its time: who is killed meanwhile leaves what the one before it has left.
    recordProcesses(leftovers)
    removeStackFile(directory.stackFile)
    const names = Object.keys(leftovers)
    if (names.length === 0) return
    progress.say(`stopping what an interrupted start left behind: ${names.join(', ')}`)
    await stopLeftovers(leftovers)
  }

  /** All of them before anything is started, so that a port that is taken costs nobody a second. */
  async function reservePorts(): Promise<Readonly<Record<PortName, number>>> {
    const runsAlready = { nats: external.natsUrl, mqtt: external.mqttUrl, api: undefined, postgres: undefined }
    const needed = (Object.keys(DEFAULT_PORTS) as PortName[]).filter((name) => !runsAlready[name])
    const remembered = readRememberedPorts(directory.portsFile)
    const { ports, moves } = await choosePorts({ wanted: flags.ports, needed, remembered })
    rememberPorts(directory.portsFile, ports)
    for (const move of moves) progress.say(move)
    return ports
  }

  async function startDatabase(port: number): Promise<string> {
    planning = planPostgres(directory, { port, writers: flags.writers, initdb })
    const plan = await planning
    const { moved, kept } = plan.directory
    if (moved) progress.say(`the database lies in ${moved}, where the OS user postgres can reach it`)
    if (kept) progress.say(`another database lies in ${kept}; if nothing uses it any more, it may be removed`)
    await launch(plan.definition, ` on port ${port}${plan.created ? ' (new)' : ''}`, ['postgres', port])
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
    const server = await launch(natsDefinition(directory, port, command), ` on port ${port}`, ['nats', port])
    watchNats({
      server,
      answers: () => jetStreamAnswers(port),
      freeBytes: () => freeBytesOf(directory.nats),
      report: (line) => progress.warn(line),
      signal: ending.signal,
    }).catch((error: unknown) => progress.warn(`nats-server cannot be watched: ${String(error)}`))
    return `nats://127.0.0.1:${port}`
  }

  async function startBroker(port: number): Promise<string> {
    if (external.mqttUrl) return external.mqttUrl
    await launch(mqttBroker(directory, port), ` on port ${port}`, ['mqtt', port])
    return `mqtt://127.0.0.1:${port}`
  }

  async function startServices(urls: ServiceUrls, ports: Readonly<Record<PortName, number>>): Promise<string> {
    const shared = { directory, urls, natsSettings: external.natsSettings }
    const reserved = new Set(Object.values(ports))
    const definitions: ProcessDefinition[] = []
    const add = async (count: number, make: (port: number, number: number) => ProcessDefinition) => {
      for (let number = 1; number <= count; number += 1) {
        const port = await freePort(reserved)
        reserved.add(port)
        definitions.push(make(port, number))
      }
    }
    await add(flags.gateways, (port, number) => mqttGateway({ ...shared, port }, number))
    await add(flags.writers, (port, number) => telemetryWriter({ ...shared, port }, number))
    await Promise.all([
      launch(configApi({ ...shared, port: ports.api }), ` on port ${ports.api}`, ['api', ports.api]),
      ...definitions.map((definition) => launch(definition)),
    ])
    return `http://127.0.0.1:${ports.api}`
  }

  /** The product does without it. */
  async function startWard(apiUrl: string, mqttUrl: string): Promise<void> {
    const sockets = flags.pdus * flags.socketsPerPdu
    try {
      await launch(wardProcess({ directory, apiUrl, mqttUrl, flags }), `: ${sockets} sockets`)
    } catch (error) {
      if (stopping) throw error
      progress.warn(`no simulated ward: ${error instanceof Error ? error.message : String(error)}`)
      for (const ward of processes.filter(({ name }) => name === 'ward')) await ward.stop(PATIENCE)
    }
  }

  async function start(): Promise<StackFile> {
    await takeOver()
    const ports = await reservePorts()
    recordProcesses()
    if (ensureKeyFile(directory.credentialKeyFile)) progress.say('made the key file for broker credentials')
    const [database = '', nats = '', mqtt = ''] = await together([
      startDatabase(ports.postgres),
      startNats(ports.nats),
      startBroker(ports.mqtt),
    ])
    const api = await startServices({ database, nats }, ports)
    const apiKey = existsSync(directory.adminKeyFile) ? readFileSync(directory.adminKeyFile, 'utf8').trim() : null
    if (flags.simulator && apiKey) await startWard(api, mqtt)
    else if (flags.simulator) {
      progress.warn(`no simulated ward: ${directory.adminKeyFile} is gone, and the database knows a key already`)
    }
    stack = { api_url: api, api_key: apiKey, nats_url: nats, mqtt_url: mqtt, database_url: database, console_url: null }
    recordProcesses()
    return { ...stack, pids: processIds() }
  }

  async function stopAll(): Promise<void> {
    if (!owned) return
    ending.abort()
    await planning?.catch(() => undefined)
    removeStackFile(directory.stackFile)
    await stopInOrder(processes, (line) => progress.warn(line))
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
