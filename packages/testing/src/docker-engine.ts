import { existsSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'

/** A Docker engine's HTTP API, as far as tests need it before testcontainers takes over. */
export interface DockerEngine {
  /** Whether an image is there, or could be pulled. Gives up after 5 s without a sign of progress. */
  hasOrPulls(image: string): Promise<boolean>
}

/** 1 s is 100 times what an engine on this machine needs for a ping. */
const PING_TIMEOUT = 1_000
/** The engine reports "Pulling from …" once the registry answered; without a network it says nothing for 15 s and more. */
const PULL_SILENCE_TIMEOUT = 5_000

type Address = { socketPath: string } | { host: string; port: number }

/** The engine that DOCKER_HOST names or the usual socket; undefined when none answers. */
export async function findDockerEngine(dockerHost = process.env['DOCKER_HOST']): Promise<DockerEngine | undefined> {
  const address = addressOf(dockerHost)
  if (address === undefined || !(await ping(address))) return undefined
  return {
    hasOrPulls: async (image) => (await hasImage(address, image)) || (await pulls(address, image)),
  }
}

function addressOf(dockerHost: string | undefined): Address | undefined {
  if (!dockerHost) {
    const socketPath = '/var/run/docker.sock'
    return existsSync(socketPath) ? { socketPath } : undefined
  }
  const url = new URL(dockerHost)
  if (url.protocol === 'unix:') return existsSync(url.pathname) ? { socketPath: url.pathname } : undefined
  // An engine behind TLS or ssh is left to its owner: TEST_*_URL can name what runs there.
  return url.protocol === 'tcp:' ? { host: url.hostname, port: Number(url.port || 2375) } : undefined
}

async function ping(address: Address): Promise<boolean> {
  return (await statusOf(address, 'GET', '/_ping', PING_TIMEOUT)) === 200
}

async function hasImage(address: Address, image: string): Promise<boolean> {
  return (await statusOf(address, 'GET', `/images/${encodeURIComponent(image)}/json`, PING_TIMEOUT)) === 200
}

/** Pulls an image; its progress is a stream of JSON lines, an error among them says that it failed. */
async function pulls(address: Address, image: string): Promise<boolean> {
  const path = `/images/create?fromImage=${encodeURIComponent(image)}`
  return new Promise((resolve) => {
    let progress = ''
    const pull = send(address, 'POST', path, PULL_SILENCE_TIMEOUT, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => {
        progress += text
      })
      response.on('end', () => resolve(response.statusCode === 200 && !progress.includes('"errorDetail"')))
      response.on('error', () => resolve(false))
    })
    pull.on('error', () => resolve(false))
  })
}

function statusOf(address: Address, method: string, path: string, timeout: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const sent = send(address, method, path, timeout, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', () => resolve(undefined))
  })
}

function send(
  address: Address,
  method: string,
  path: string,
  silence: number,
  onResponse: (response: IncomingMessage) => void,
): ClientRequest {
  const sent = request({ ...address, method, path, timeout: silence }, onResponse)
  sent.on('timeout', () => sent.destroy(new Error(`no answer from the Docker engine for ${silence} ms`)))
  return sent.end()
}
