import closeWithGrace from 'close-with-grace'
import { tuneGarbageCollection } from './garbage-collection.ts'
import { createLogger, type Logger } from './logger.ts'
import { ConfigurationError } from './parse-environment.ts'

/** A service as its composition root makes it; `start` resolves once it works or waits for its dependencies. */
export interface Service {
  start(): Promise<void>
  /** Finishes what is in flight and closes everything; called at most once. */
  stop(): Promise<void>
}

export interface RunOptions<Config extends { LOG_LEVEL: string }> {
  readonly name: string
  readonly readConfig: (environment: NodeJS.ProcessEnv) => Config
  readonly create: (config: Config, logger: Logger) => Service
}

/**
 * The life of a service process: read the configuration, start, stop in order on SIGTERM or SIGINT (at most 25 s, since
 * orchestrators kill after 30), exit 1 with a plain message when the configuration is unusable.
 */
export async function runService<Config extends { LOG_LEVEL: string }>(options: RunOptions<Config>): Promise<void> {
  tuneGarbageCollection()
  let config: Config
  try {
    config = options.readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    process.stderr.write(`${options.name}: ${error.message}\n`)
    process.exitCode = 1
    return
  }
  const logger = createLogger({ service: options.name, level: config.LOG_LEVEL })
  let stopping = false
  const end = closeWithGrace({ delay: 25_000, logger: false }, async ({ signal, err }) => {
    stopping = true
    if (err) logger.fatal({ err }, 'stopping after an unexpected error')
    else if (signal) logger.info({ signal }, 'stopping')
    await service?.stop()
    logger.info('stopped')
  })
  let service: Service | undefined
  try {
    service = options.create(config, logger)
    await service.start()
  } catch (error) {
    // Waiting for a dependency ends with an error when the service is told to stop: that is no failure.
    if (stopping) return
    logger.debug({ err: error }, 'cannot start')
    logger.fatal({ reason: error instanceof Error ? error.message : String(error) }, 'cannot start')
    end.uninstall()
    await service?.stop()
    process.exit(1)
  }
}
