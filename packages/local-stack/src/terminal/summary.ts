import { join } from 'node:path'
import { parseBrokerUrl } from '../broker-address.ts'
import type { StackFile } from '../stack-file.ts'
import type { Colours } from './progress.ts'

export interface SummaryOptions {
  readonly stack: StackFile
  readonly adminKeyFile: string
  readonly dataDirectory: string
  readonly simulator: boolean
  readonly colours: Colours
  /** Columns of the terminal; a box wider than that would fall apart, so it is drawn without its right side. */
  readonly columns: number
}

/** The box at the end of a start: where everything is, and lines that work when pasted into a shell. */
export function summaryBox(options: SummaryOptions): string {
  const { colours, columns } = options
  const rows = summaryRows(options)
  const label = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, value]) => ({ name: name.padEnd(label), value }))
  const title = ' IoMT socket telemetry is running '
  const width = Math.max(title.length, ...lines.map(({ value }) => label + 2 + value.length)) + 2
  const closed = width + 2 <= columns
  const rule = closed ? '─'.repeat(width) : '─'.repeat(Math.max(title.length, columns - 2))
  const top = `╭${`─${colours.bold(title)}`}${rule.slice(title.length + 1)}${closed ? '╮' : ''}`
  const body = lines.map(({ name, value }) => {
    const padding = ' '.repeat(width - 2 - label - 2 - value.length)
    return `│ ${colours.cyan(name)}  ${value}${closed ? `${padding} │` : ''}`
  })
  return [top, ...body, `╰${rule}${closed ? '╯' : ''}`].join('\n')
}

function summaryRows(options: SummaryOptions): [name: string, value: string][] {
  const { stack, adminKeyFile, dataDirectory, simulator } = options
  const stackFile = shellWord(join(dataDirectory, 'stack.json'))
  const place = simulator ? 'hopt.icu.>' : '>'
  const rows: [string, string][] = [
    ['API docs', `${stack.api_url}/docs`],
    ['API key', stack.api_key ?? 'made earlier; its file is gone'],
  ]
  if (stack.console_url) rows.unshift(['Console', stack.console_url])
  rows.push(
    [
      'Current state',
      `curl -s -H "Authorization: Bearer $(cat ${shellWord(adminKeyFile)})" ${stack.api_url}/mqtt/devices`,
    ],
    ['Follow readings', `nats sub -s ${natsServer(stack.nats_url, stackFile)} 'iomt.v1.telemetry.${place}'`],
    ['Send a reading', simulator ? sendReading(stack.mqtt_url) : 'first add a socket, as README.md shows'],
    // Not the password itself: what is printed stays in scrollbacks and logs.
    ['Database', `psql "$(jq -r .database_url ${stackFile})"`],
    ['Data and logs', dataDirectory],
    ['Stop', 'Ctrl-C; the data stays'],
  )
  return rows
}

function natsServer(url: string, stackFile: string): string {
  return url.includes('@') ? `"$(jq -r .nats_url ${stackFile})"` : shellWord(url)
}

function sendReading(brokerUrl: string): string {
  const { host, port, tls, username, password } = parseBrokerUrl(brokerUrl)
  const user = username === null ? '' : ` -u ${shellWord(username)}${password === null ? '' : " -P '<password>'"}`
  const encrypted = tls ? ' --tls-use-os-certs' : ''
  const reading = '{"voltage":229.8,"current":0.4,"power":88.1}'
  return `mosquitto_pub -h ${host} -p ${port}${user}${encrypted} -q 1 -t hopt/tang3/pkt/socket1 -m '${reading}'`
}

/** Quoted for a shell when it has to be. */
function shellWord(text: string): string {
  return /^[\w./:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
