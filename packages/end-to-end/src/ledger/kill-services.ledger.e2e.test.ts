import { metric, untilMetric } from '../service-metric.ts'
import { MESSAGES, testKills, twice } from './kills.ts'

testKills([
  ['nothing', { faults: [] }],
  [
    'the gateway',
    {
      faults: twice(async ({ gateway }) => {
        await gateway.kill9()
        await gateway.restart()
      }),
    },
  ],
  [
    'the gateway between storing and PUBACK',
    {
      gatewayEnvironment: { FAILPOINTS: 'enabled', FAILPOINT: 'after-store', FAILPOINT_AFTER: '5000' },
      faults: [
        {
          after: 1,
          async inject({ gateway }) {
            await gateway.exited
            await gateway.restart({ FAILPOINTS: 'disabled', FAILPOINT: '' })
          },
        },
      ],
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
  [
    'the writer with readings that it could not store yet',
    {
      faults: [
        {
          after: MESSAGES / 3,
          async inject({ writer, postgres, gateway }) {
            await postgres.kill9()
            const before = await metric(gateway, 'iomt_gateway_readings_total')
            await untilMetric(gateway, 'iomt_gateway_readings_total', before + 500)
            await writer.kill9()
            await postgres.restart()
            await writer.restart()
          },
        },
      ],
    },
  ],
  [
    'the writer',
    {
      faults: twice(async ({ writer }) => {
        await writer.kill9()
        await writer.restart()
      }),
    },
  ],
  [
    'the writer between COMMIT and acknowledgement',
    {
      writerEnvironment: { FAILPOINTS: 'enabled', FAILPOINT: 'after-commit', FAILPOINT_AFTER: '5000' },
      faults: [
        {
          after: 1,
          async inject({ writer }) {
            await writer.exited
            await writer.restart({ FAILPOINTS: 'disabled', FAILPOINT: '' })
          },
        },
      ],
    },
  ],
])
