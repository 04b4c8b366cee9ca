import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Field names whose values never reach a log line, at any of the depths that our objects have. */
const SECRET_FIELDS = [
  'password',
  'key',
  'tls_key',
  'api_key',
  'authorization',
  'credentials',
  'mqtt_credentials',
  'secret',
  'token',
]

export interface LoggerOptions {
  readonly service: string
  readonly level: string
}

/** JSON lines on standard output, or readable lines when it is a terminal. */
export function createLogger(options: LoggerOptions): Logger {
  return pino({
    name: options.service,
    level: options.level,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[redacted]',
    },
    ...(process.stdout.isTTY ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } } : {}),
  })
}
