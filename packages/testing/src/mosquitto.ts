import {
  type MosquittoBroker,
  mosquittoPath,
  type StartMosquittoOptions,
  startMosquittoProcess,
} from './mosquitto-process.ts'
import { sharedServerUrl } from './shared-server-url.ts'

export type { MosquittoBroker, StartMosquittoOptions } from './mosquitto-process.ts'

/** URL of the run's shared broker (Mosquitto, or aedes where Mosquitto is missing); use topics of the test's own. */
export const sharedMqttUrl = (): Promise<string> => sharedServerUrl('mqtt')

/** Whether `startMosquitto` can work, for `describe.skipIf(!mosquittoInstalled())`. */
export const mosquittoInstalled = (): boolean => mosquittoPath() !== undefined

/** Starts a Mosquitto for one test file (about 40 ms); `stop` it in `afterAll`. */
export const startMosquitto = (options: StartMosquittoOptions = {}): Promise<MosquittoBroker> =>
  startMosquittoProcess(options)
