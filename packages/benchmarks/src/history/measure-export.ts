import { Agent } from 'node:http'
import type { ServiceProcess } from '@iomt/testing/service-process'
import { usagesOf } from '../measure/process-usage.ts'
import { download } from './download.ts'
import type { FilledHistory } from './fill-history.ts'
import { deviceId } from './history-estate.ts'

const NEW_LINE = 0x0a
const MEMORY_INTERVAL = 100

export interface ExportResult {
  /** That came, the head not counted. */
  readonly rows: number
  readonly bytes: number
  readonly rowsPerSecond: number
  /** Resident memory of config-api, in bytes: of a process that has answered nothing else. */
  readonly memoryBefore: number
  readonly memoryMost: number
}

/**
 * One device's whole history as CSV, once, and what the service holds meanwhile. config-api is started anew for it: after
 * thousands of large answers its memory says nothing about an export.
 */
export async function measureExport(
  { url, key, api }: { readonly url: string; readonly key: string; readonly api: ServiceProcess },
  { start }: Pick<FilledHistory, 'start'>,
): Promise<ExportResult> {
  await api.restart()
  const memory = () => usagesOf([api.pid])[0]?.memory ?? 0
  const memoryBefore = memory()
  let memoryMost = memoryBefore
  const watch = setInterval(() => {
    memoryMost = Math.max(memoryMost, memory())
  }, MEMORY_INTERVAL)
  const agent = new Agent()
  try {
    let lines = 0
    const path = `/mqtt/devices/${deviceId(3)}/telemetry?step=raw&format=csv&from=${start.toISOString()}`
    const began = performance.now()
    const bytes = await download(agent, `${url}${path}`, key, (chunk) => {
      for (let at = chunk.indexOf(NEW_LINE); at >= 0; at = chunk.indexOf(NEW_LINE, at + 1)) lines += 1
    })
    const seconds = (performance.now() - began) / 1_000
    const rows = lines - 1
    return { rows, bytes, rowsPerSecond: rows / seconds, memoryBefore, memoryMost }
  } finally {
    clearInterval(watch)
    agent.destroy()
  }
}
