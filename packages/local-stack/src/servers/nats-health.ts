import { connect } from 'node:net'

/** Milliseconds for a question; JetStream answers within one. */
const TIMEOUT = 4_000

/**
 * Whether JetStream answers at that port; null when nothing listens there. Asked on a connection of its own each time, in NATS' own words, so that nothing that a
 * client does by itself hides a server that only accepts connections.
 */
export function jetStreamAnswers(port: number): Promise<boolean | null> {
  const inbox = `_INBOX.iomt-local-stack-${process.pid}`
  const question = `CONNECT {"verbose":false,"name":"iomt-local-stack"}\r\nSUB ${inbox} 1\r\nPUB $JS.API.INFO ${inbox} 0\r\n\r\n`
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let text = ''
    let listened = false
    const done = (answer: boolean | null) => {
      socket.destroy()
      clearTimeout(timer)
      resolve(answer)
    }
    const timer = setTimeout(() => done(false), TIMEOUT)
    socket.once('connect', () => {
      listened = true
      socket.write(question)
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const answer = /^MSG \S+ 1 \d+\r\n(.*)\r\n/m.exec(text)?.[1]
      if (answer !== undefined) done(!answer.includes('"error"'))
    })
    socket.once('error', () => done(listened ? false : null))
    socket.once('close', () => done(false))
  })
}
