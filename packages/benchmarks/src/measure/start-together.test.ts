import { expect, test } from 'vitest'
import { startTogether, withStarted } from './start-together.ts'

test('gives what was started, in its order', async () => {
  expect(await startTogether([Promise.resolve('broker'), Promise.resolve(4222)])).toEqual(['broker', 4222])
})

test('a failure is told only when the others are up, so that all of them can be stopped', async () => {
  const slow = Promise.withResolvers<void>()
  const stopped: string[] = []
  const running = withStarted(async (started) => {
    const start = async (name: string, ready: Promise<void>) => {
      await ready
      return started.adopt(name, () => void stopped.push(name))
    }
    const servers = [start('quick', Promise.resolve()), start('none', Promise.reject(new Error('no such program')))]
    return await startTogether([...servers, start('slow', slow.promise)])
  })
  setImmediate(slow.resolve)
  await expect(running).rejects.toThrow('no such program')
  expect(stopped).toEqual(['slow', 'quick'])
})

test('what was started is stopped last first, and a failure is not lost to one of stopping', async () => {
  const stopped: string[] = []
  const fails = withStarted(async (started) => {
    started.defer(() => void stopped.push('first'))
    started.defer(() => Promise.reject(new Error('does not end')))
    started.defer(() => void stopped.push('last'))
    throw new Error('no answer')
  })
  await expect(fails).rejects.toMatchObject({
    suppressed: { message: 'no answer' },
    error: { message: 'does not end' },
  })
  expect(stopped).toEqual(['last', 'first'])
})

test('what is moved on goes on', async () => {
  const stopped: string[] = []
  const running = await withStarted(async (started) => {
    started.defer(() => void stopped.push('server'))
    return started.move()
  })
  expect(stopped).toEqual([])
  await running.disposeAsync()
  expect(stopped).toEqual(['server'])
})
