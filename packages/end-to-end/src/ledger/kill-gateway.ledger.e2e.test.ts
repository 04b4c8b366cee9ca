import { untilMetric } from '../service-metric.ts'
import { MESSAGES, startedAgain, struckAt, testKills, twice } from './kills.ts'

testKills([
  ['nothing', { faults: [] }],
  [
    'the gateway',
    {
      faults: twice(({ gateway }) => gateway),
    },
  ],
  [
    'the gateway between storing and PUBACK',
    {
      gatewayEnvironment: struckAt('after-store'),
      faults: startedAgain(({ gateway }) => gateway),
    },
  ],
  [
    'the gateway with messages that it could not store yet',
    {
      faults: [
        {
          after: MESSAGES / 3,
          async inject({ gateway, nats }) {
            await nats.kill9()
            await untilMetric(gateway, 'iomt_gateway_publishing', 100)
            await gateway.kill9()
            await nats.restart()
            await gateway.restart()
          },
        },
      ],
    },
  ],
])
