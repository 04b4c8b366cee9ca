import type { App } from '../http/app.ts'
import { problem, sendProblem } from '../http/problem.ts'

/** The device connectivity endpoints of the old architecture: gone, and each answer names the successor. */
export function addRemovedRoutes(app: App): void {
  for (const url of ['/mqtt/connectivity', '/mqtt/connectivity/*']) {
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url,
      // Whoever may read may learn where it went, whatever the method; before a body is looked at.
      config: { role: 'viewer' },
      schema: { hide: true },
      onRequest: async (request, reply) => {
        const detail = `${request.method} /mqtt/connectivity was removed with device connectivity. ${successorOf(request.method)}`
        await sendProblem(reply, problem('endpoint-removed', detail, request.id))
      },
      handler: async () => undefined,
    })
  }
}

function successorOf(method: string): string {
  switch (method) {
    case 'POST':
      return 'Use POST /mqtt/devices to assign a device to a socket with its MQTT configuration.'
    case 'PUT':
    case 'PATCH':
      return 'Use PUT /mqtt/devices/:deviceId or PUT /sockets/:id/mqtt-config.'
    case 'DELETE':
      return 'Use DELETE /mqtt/devices/:deviceId to unassign a device from its socket.'
    default:
      return 'Use GET /mqtt/devices, or GET /sockets/:id/mqtt-status for a connection.'
  }
}
