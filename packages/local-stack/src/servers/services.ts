import type { ProcessDefinition } from '../processes/supervised-process.ts'
import type { StackDirectory } from '../stack-directory.ts'
import { answersOk, nodeProcess } from './node-process.ts'

/** What the services connect to. */
export interface ServiceUrls {
  readonly database: string
  readonly nats: string
}

interface ServiceOptions {
  readonly directory: StackDirectory
  readonly urls: ServiceUrls
  readonly natsSettings: Readonly<Record<string, string>>
  readonly port: number
}

const SOURCES = new URL('../../../../services/', import.meta.url)
const mainOf = (service: string) => new URL(`${service}/src/main.ts`, SOURCES).href
const base = ({ urls, natsSettings, port }: ServiceOptions) => ({
  HOST: '127.0.0.1',
  PORT: String(port),
  ...natsSettings,
  NATS_URL: urls.nats,
  LOG_LEVEL: 'info',
})
const readyAt =
  ({ port }: ServiceOptions) =>
  () =>
    answersOk(`http://127.0.0.1:${port}/readyz`)

export function configApi(options: ServiceOptions): ProcessDefinition {
  const { directory, urls } = options
  return nodeProcess({
    name: 'config-api',
    directory,
    main: mainOf('config-api'),
    env: {
      ...base(options),
      DATABASE_URL: urls.database,
      CREDENTIAL_KEY_FILE: directory.credentialKeyFile,
      ADMIN_KEY_FILE: directory.adminKeyFile,
    },
    readyLine: 'Server listening at',
    ready: readyAt(options),
  })
}

export function mqttGateway(options: ServiceOptions, number: number): ProcessDefinition {
  const name = `mqtt-gateway-${number}`
  return nodeProcess({
    name,
    directory: options.directory,
    main: mainOf('mqtt-gateway'),
    env: { ...base(options), CREDENTIAL_KEY_FILE: options.directory.credentialKeyFile, GATEWAY_ID: name },
    readyLine: 'gateway is running',
    ready: readyAt(options),
  })
}

export function telemetryWriter(options: ServiceOptions, number: number): ProcessDefinition {
  return nodeProcess({
    name: `telemetry-writer-${number}`,
    directory: options.directory,
    main: mainOf('telemetry-writer'),
    env: { ...base(options), DATABASE_URL: options.urls.database },
    readyLine: 'telemetry-writer started',
    ready: readyAt(options),
  })
}
