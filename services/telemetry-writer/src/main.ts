import { runService } from '@iomt/service-runtime/run-service'
import { readConfig } from './config.ts'
import { createTelemetryWriter } from './service.ts'

await runService({
  name: 'telemetry-writer',
  readConfig,
  create: (config, logger) => createTelemetryWriter(config, logger),
})
