/**
 * Stops what `work` has left in the stack, last first, whichever way it ends; `move` hands it to somebody else. As
 * `await using` would, whose syntax dependency-cruiser does not read.
 */
export async function withStarted<Result>(work: (started: AsyncDisposableStack) => Promise<Result>): Promise<Result> {
  const started = new AsyncDisposableStack()
  const result = await work(started).catch(async (error: unknown) => {
    await started.disposeAsync().catch((stopping: unknown) => {
      throw new SuppressedError(stopping, error, 'failed, and did not stop')
    })
    throw error
  })
  await started.disposeAsync()
  return result
}

/**
 * `Promise.all` for what has to be stopped again: a failure is told only once each of them has started or failed, so that
 * nothing comes up after the others were stopped.
 */
export async function startTogether<Starting extends readonly Promise<unknown>[]>(starting: readonly [...Starting]) {
  await Promise.allSettled(starting)
  return await Promise.all(starting)
}

/** Waits for a server, which `started` stops from then on. */
export async function stoppedBy<Server extends { stop(): Promise<void> }>(
  started: AsyncDisposableStack,
  starting: Promise<Server>,
): Promise<Server> {
  return started.adopt(await starting, (server) => server.stop())
}
