import { metric, untilMetric } from '../service-metric.ts'
import { MESSAGES, startedAgain, struckAt, testKills, twice } from './kills.ts'

testKills([
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
      faults: twice(({ writer }) => writer),
    },
  ],
  [
    'the writer between COMMIT and acknowledgement',
    {
      writerEnvironment: struckAt('after-commit'),
      faults: startedAgain(({ writer }) => writer),
    },
  ],
])
