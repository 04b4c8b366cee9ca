import { type NatsServer, type StartNatsOptions, startNatsProcess } from './nats-process.ts'
import { sharedServerUrl } from './shared-server-url.ts'

export type { NatsServer, StartNatsOptions } from './nats-process.ts'

/**
 * URL of the run's shared nats-server. Stream and bucket names are fixed product-wide, so two test files that use them
 * on one server disturb each other: this is for tests of plain subjects or of names of their own. With `TEST_NATS_URL`
 * that server is used, after deleting its streams and buckets named IOMT_… and iomt_….
 */
export const sharedNatsUrl = (): Promise<string> => sharedServerUrl('nats')

/** Starts a nats-server for one test file (about 40 ms); `stop` it in `afterAll`. */
export const startNats = (options: StartNatsOptions = {}): Promise<NatsServer> => startNatsProcess(options)
