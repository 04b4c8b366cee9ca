import { join } from 'node:path'
import { parseBrokerUrl } from './broker-address.ts'
import type { StackFlags } from './flags.ts'
import { inherited } from './servers/node-process.ts'
import { createStack } from './stack.ts'
import { coloursFor, createProgress } from './terminal/progress.ts'
import { summaryBox } from './terminal/summary.ts'

/** How streams are made on a NATS server of one's own. */
const NATS_SETTINGS = ['NATS_REPLICAS', 'TELEMETRY_MAX_GIB', 'TELEMETRY_MAX_AGE_HOURS']

/**
 * `npm start`: starts the stack, shows where everything is, and stops it at the first SIGINT, SIGTERM or SIGHUP. Further
 * signals change nothing: the stop is bounded in time, and cutting it short would only leave processes behind.
 *
 * @throws FlagError when a setting cannot be used.
 */
export async function runStack(flags: StackFlags): Promise<void> {
  const colours = coloursFor(process.stdout, process.env)
  const write = (text: string) => process.stdout.write(text)
  const progress = createProgress(write, colours, () => performance.now())
  const external = {
    natsUrl: process.env['NATS_URL'],
    natsSettings: inherited(NATS_SETTINGS),
    mqttUrl: process.env['MQTT_URL'],
  }
  // What cannot be used is said before anything is started.
  if (external.mqttUrl) parseBrokerUrl(external.mqttUrl)
  const stack = createStack(flags, external, progress)
  let signals = 0

  const finish = async (code: number) => {
    await stack.stop().catch((error: unknown) => progress.warn(String(error)))
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      signals += 1
      if (signals === 1) {
        progress.say('stopping …')
        finish(0).catch(() => process.exit(1))
      } else if (signals === 2) progress.say('still stopping; what does not end by itself is killed')
    })
  }
  // A closed terminal must not end the supervisor before its children.
  process.stdout.on('error', () => undefined)

  try {
    const running = await stack.start()
    write(
      `\n${summaryBox({
        stack: running,
        adminKeyFile: join(flags.dataDirectory, 'admin-api-key'),
        dataDirectory: flags.dataDirectory,
        simulator: flags.simulator,
        colours,
        columns: process.stdout.columns ?? 1_000,
      })}\n\n`,
    )
  } catch (error) {
    if (signals > 0) return
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    await finish(1)
  }
}
