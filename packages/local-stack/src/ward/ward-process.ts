import type { StackFlags } from '../flags.ts'
import type { ProcessDefinition } from '../processes/supervised-process.ts'
import { nodeProcess } from '../servers/node-process.ts'
import type { StackDirectory } from '../stack-directory.ts'
import { READY_LINE } from './ready-line.ts'

export interface WardOptions {
  readonly directory: StackDirectory
  readonly apiUrl: string
  readonly mqttUrl: string
  readonly flags: Pick<StackFlags, 'pdus' | 'socketsPerPdu' | 'interval'>
}

/** The simulated ward beside the product: it knows only the REST API and the broker, like a real one. */
export function wardProcess({ directory, apiUrl, mqttUrl, flags }: WardOptions): ProcessDefinition {
  return nodeProcess({
    name: 'ward',
    directory,
    main: import.meta.resolve('./ward.main.ts'),
    env: {
      API_URL: apiUrl,
      API_KEY_FILE: directory.adminKeyFile,
      MQTT_URL: mqttUrl,
      PDUS: String(flags.pdus),
      SOCKETS_PER_PDU: String(flags.socketsPerPdu),
      INTERVAL_MS: String(flags.interval),
    },
    readyLine: READY_LINE,
    tellsProgress: true,
  })
}
