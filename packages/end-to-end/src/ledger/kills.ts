import type { ServiceProcess } from '@iomt/testing/service-process'
import { expect, test } from 'vitest'
import { type LedgerFault, type LedgerRunOptions, runLedger } from './ledger-run.ts'
import type { Pipeline } from './pipeline.ts'

export const MESSAGES = 20_000
const SOCKETS = 50

/** What is killed, and how. */
type Kill = readonly [
  name: string,
  options: Pick<LedgerRunOptions, 'faults' | 'broker' | 'writerEnvironment' | 'gatewayEnvironment'>,
]

interface Killable {
  kill9(): Promise<unknown>
  restart(): Promise<unknown>
}

/** Kills this part of the pipeline and starts it again, at a third and at two thirds of the run. */
export const twice = (partOf: (pipeline: Pipeline) => Killable): LedgerFault[] =>
  [1 / 3, 2 / 3].map((share) => ({
    after: Math.floor(MESSAGES * share),
    async inject(pipeline) {
      const part = partOf(pipeline)
      await part.kill9()
      await part.restart()
    },
  }))

/** The environment in which a service kills itself at this failpoint, some way into the run. */
export const struckAt = (failpoint: string) => ({
  FAILPOINTS: 'enabled',
  FAILPOINT: failpoint,
  FAILPOINT_AFTER: '5000',
})

/** Starts a service again that its failpoint has killed. */
export const startedAgain = (serviceOf: (pipeline: Pipeline) => ServiceProcess): LedgerFault[] => [
  {
    after: 1,
    async inject(pipeline) {
      const service = serviceOf(pipeline)
      await service.exited
      await service.restart({ FAILPOINTS: 'disabled', FAILPOINT: '' })
    },
  },
]

/** One test for each: numbered messages before, during and after; then what was acknowledged against the rows. */
export function testKills(kills: readonly Kill[]): void {
  test.each(kills)('kill -9 of %s: nothing lost, nothing twice', async (name, options) => {
    const result = await runLedger({ messages: MESSAGES, sockets: SOCKETS, ...options })
    const { acknowledged, stored, lost, duplicated, unexpected } = result
    process.stdout.write(
      `kill -9 of ${name}: ${acknowledged} acknowledged, ${stored} rows, ${lost.length} lost, ${duplicated.length} duplicated, ${unexpected.length} stored without the publisher's acknowledgement\n`,
    )
    expect(acknowledged).toBeGreaterThanOrEqual(MESSAGES)
    // Lengths, too: a list of thousands tells less than its number.
    expect({
      lost: lost.length,
      duplicated: duplicated.length,
      examples: [...lost, ...duplicated].slice(0, 5),
    }).toEqual({
      lost: 0,
      duplicated: 0,
      examples: [],
    })
  })
}
