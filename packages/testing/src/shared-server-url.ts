import { inject } from 'vitest'

/** The servers that all test files of a run share. */
export type SharedServerName = 'postgres' | 'nats' | 'mqtt'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a test worker asks for the run's servers; see global-setup.ts. */
    iomtSharedServers: string
  }
}

/** URL of a server of this run. It is started when the first test asks for it, so runs of pure tests start nothing. */
export async function sharedServerUrl(name: SharedServerName): Promise<string> {
  const desk = inject('iomtSharedServers') as string | undefined
  if (desk === undefined) {
    throw new Error(
      'the shared test servers are not there: vitest ran without globalSetup. ' +
        "Run it from the workspace root (npm test, or node_modules/.bin/vitest run <file>), not inside a package's folder.",
    )
  }
  const response = await fetch(`${desk}/${name}`)
  const body = (await response.json()) as { url?: string; error?: string }
  if (body.url === undefined) throw new Error(`the test run has no ${name}: ${body.error ?? response.statusText}`)
  return body.url
}
