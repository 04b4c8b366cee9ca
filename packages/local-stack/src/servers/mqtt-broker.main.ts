import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import { createBrokerDrain } from './broker-drain.ts'
import { DRAIN_PATIENCE } from './broker-process.ts'

// An MQTT 3.1.1 broker on 127.0.0.1 at the port in PORT; sessions and retained messages live in its memory.
const port = Number(process.env['PORT'])
const broker = await Aedes.createBroker()
const drain = createBrokerDrain(broker)
const server = createServer({ noDelay: true }, (socket) => {
  broker.handle(socket)
})
server.on('error', (error) => {
  process.stderr.write(`the MQTT broker cannot listen on 127.0.0.1:${port}: ${error.message}\n`)
  process.exit(1)
})
broker.on('clientReady', (client) => process.stdout.write(`${new Date().toISOString()} connected ${client.id}\n`))
broker.on('clientDisconnect', (client) =>
  process.stdout.write(`${new Date().toISOString()} disconnected ${client.id}\n`),
)
// The supervisor asks once, when it stops.
process.on('message', () => {
  drain.drain(DRAIN_PATIENCE).then(
    (left) => process.send?.(left),
    () => process.send?.(null),
  )
})
server.listen(port, '127.0.0.1', () => process.stdout.write(`listening on 127.0.0.1:${port}\n`))
