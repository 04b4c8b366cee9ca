import { expect, test } from 'vitest'
import { adviceOnConnecting, adviceOnSilence } from './advice.ts'

test.each([
  ['connect ECONNREFUSED 192.0.2.7:1883', /firewall/],
  ['connack timeout', /firewall/],
  ['getaddrinfo ENOTFOUND brokr.example', /find no such host/],
  ['Connection refused: Not authorized', /mqtt_credentials/],
  ['Connection refused: Bad username or password', /mqtt_credentials/],
  ['Client network socket disconnected before secure TLS connection was established', /Does this port speak TLS/],
  ['write EPROTO 001:error:0A00010B:SSL routines:ssl3_get_record:wrong version number', /Does this port speak TLS/],
  ['unable to verify the first certificate', /mqtt_config\.tls: ca/],
  ["Hostname/IP does not match certificate's altnames", /server_name/],
  ['the broker closed the connection', /want TLS/],
  ['read ECONNRESET', /want TLS/],
  ['169.254.169.254 is a link-local address, where no broker is looked for', /^Correct mqtt_broker_host\.$/],
  ['getaddrinfo ENOTFOUND timeout.example', /find no such host/],
  ['error:1E08010C:DECODER routines::unsupported', /mqtt_config\.tls/],
  ['Connection refused: Identifier rejected', /client id/],
  ['connect ECONNREFUSED ::1:1883; connect ECONNREFUSED 127.0.0.1:1883', /firewall/],
  ['10.1.2.3 is in none of the networks of BROKER_NETWORKS', /BROKER_NETWORKS/],
  ['something new', /log of the broker/],
  [null, /log of the broker/],
])('%s', (error, advice) => expect(adviceOnConnecting(error)).toMatch(advice))

test('the command to listen can be pasted, whatever the topic holds', () => {
  expect(adviceOnSilence('broker.example:1883', "it's; rm -rf /")).toContain(
    String.raw`mosquitto_sub -h broker.example -p 1883 -t 'it'\''s; rm -rf /' -v`,
  )
})
