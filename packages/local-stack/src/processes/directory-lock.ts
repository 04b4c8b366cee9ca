import { statSync } from 'node:fs'
import { createServer } from 'node:net'

/**
 * Takes a directory for this process alone, for as long as it lives; false when another one has it. The lock is a socket in
 * Linux' abstract namespace: exclusive from its first moment, and gone with its process, whatever ended that. It is named after
 * the directory itself, not after one of its paths.
 */
export function lockDirectory(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true)
  const { dev, ino } = statSync(path)
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy())
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen(`\0iomt-local-stack-${dev}-${ino}`, () => resolve(true))
  })
}
