/** Why a dependency cannot be used right now, or null when it can. */
export type ReadinessCheck = () => Promise<string | null> | string | null

export interface Readiness {
  readonly ready: boolean
  /** By dependency: `ok`, or what is wrong. */
  readonly checks: Record<string, string>
}

/** Asks every check at once; one that takes longer than a second counts as failed. */
export async function readiness(checks: Record<string, ReadinessCheck>): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, (await within(1_000, check)) ?? 'ok'] as const),
  )
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) }
}

async function within(milliseconds: number, check: ReadinessCheck): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${milliseconds} ms`), milliseconds)
  })
  try {
    return await Promise.race([Promise.resolve().then(check), timeout])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}
