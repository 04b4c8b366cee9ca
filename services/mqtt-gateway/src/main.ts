import { runService } from '@iomt/service-runtime/run-service'
import { readGatewayConfig } from './config.ts'
import { createGateway } from './service.ts'

await runService({ name: 'mqtt-gateway', readConfig: readGatewayConfig, create: createGateway })
