import { runService } from '@iomt/service-runtime/run-service'
import { readConfig } from './config.ts'
import { createConfigApi } from './service.ts'

await runService({ name: 'config-api', readConfig, create: createConfigApi })
