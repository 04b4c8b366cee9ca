import { expect, test } from 'vitest'
import { metric, untilMetric } from '../service-metric.ts'
import { type LedgerRunOptions, runLedger } from './ledger-run.ts'
import type { Pipeline } from './pipeline.ts'

const MESSAGES = 20_000
const SOCKETS = 50

/** Kill and start again at a third and at two thirds of the run. */
const twice = (inject: (pipeline: Pipeline) => Promise<void>) =>
  [1 / 3, 2 / 3].map((share) => ({ after: Math.floor(MESSAGES * share), inject }))

const cases: [string, Pick<LedgerRunOptions, 'faults' | 'broker' | 'writerEnvironment' | 'gatewayEnvironment'>][] = [
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
  [
    'nats-server',
    {
      faults: twice(async ({ nats }) => {
        await nats.kill9()
        await nats.restart()
      }),
    },
  ],
  [
    'Postgres',
    {
      faults: twice(async ({ postgres }) => {
        await postgres.kill9()
        await postgres.restart()
      }),
    },
  ],
  [
    'Mosquitto with persistence on',
    {
      broker: { persistence: true, autosaveOnChanges: 1, maxInflight: 0 },
      // What a broker has acknowledged and not yet sent on is in its memory alone, and what it has sent is lost when its end
      // of the connection is reset: no consumer can save either. So it is killed with empty hands.
      faults: twice(async ({ broker }) => {
        await broker.kill9()
        await broker.restart()
      }).map((fault) => ({ ...fault, whileQuiet: true })),
    },
  ],
]

test.each(cases)('kill -9 of %s: nothing lost, nothing twice', async (name, options) => {
  const result = await runLedger({ messages: MESSAGES, sockets: SOCKETS, ...options })
  const { acknowledged, stored, lost, duplicated, unexpected } = result
  process.stdout.write(
    `kill -9 of ${name}: ${acknowledged} acknowledged, ${stored} rows, ${lost.length} lost, ${duplicated.length} duplicated, ${unexpected.length} stored without the publisher's acknowledgement\n`,
  )
  expect(acknowledged).toBeGreaterThanOrEqual(MESSAGES)
  // Lengths, too: a list of thousands tells less than its number.
  expect({ lost: lost.length, duplicated: duplicated.length, examples: [...lost, ...duplicated].slice(0, 5) }).toEqual({
    lost: 0,
    duplicated: 0,
    examples: [],
  })
})
