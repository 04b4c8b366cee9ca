import { type Agent, get } from 'node:http'

/**
 * Reads an answer to its last byte; `onChunk` gets what has come.
 *
 * @returns its bytes.
 * @throws when it is not 200, or breaks off.
 */
export function download(agent: Agent, url: string, key: string, onChunk?: (chunk: Buffer) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${key}` } }, (response) => {
      let bytes = 0
      let text = ''
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength
        if (response.statusCode === 200) onChunk?.(chunk)
        else text += chunk.toString()
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(bytes)
        else reject(new Error(`${url}: ${response.statusCode} ${text.slice(0, 500)}`))
      })
    }).on('error', reject)
  })
}
