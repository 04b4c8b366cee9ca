import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program in this one's place: same terminal, same signals, same exit code. Resolves with the exit code, for a
 * signal 128 + its number, as a shell gives it.
 *
 * A Ctrl-C goes from the terminal to the whole process group, so the program has it already: the first SIGINT at a
 * terminal is not passed on, or the program would count it as a second one.
 */
export function runInForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    let fromTerminal = process.stdin.isTTY === true
    const passOn = (signal) => {
      if (signal === 'SIGINT' && fromTerminal) fromTerminal = false
      else child.kill(signal)
    }
    for (const signal of SIGNALS) process.on(signal, passOn)
    // npm starts us through a shell, which dies of a signal without passing it on: `kill` of npm would leave us behind.
    const parent = process.ppid
    const orphanWatch = setInterval(() => {
      if (process.env.npm_lifecycle_event === undefined || process.ppid === parent) return
      clearInterval(orphanWatch)
      child.kill('SIGTERM')
    }, 500)
    const done = () => {
      clearInterval(orphanWatch)
      for (const signal of SIGNALS) process.off(signal, passOn)
    }
    child.once('error', (error) => {
      done()
      reject(
        new Error(`${command} could not be started (is Node installed with npm?): ${error.message}`, { cause: error }),
      )
    })
    child.once('exit', (code, signal) => {
      done()
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}
