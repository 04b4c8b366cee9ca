import mqttPacket from 'mqtt-packet'

/** CONNECT of MQTT 3.1.1 without a session or a keepalive: with the latter at 0 a broker sends nothing unasked. */
export function connectPacket(clientId: string): Buffer {
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive: 0,
  })
}
