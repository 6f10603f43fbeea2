/** The container's HEALTHCHECK: 0 when the server of this very container is ready, or its figures are told where it has no web. */
import { readFileSync } from 'node:fs'
import { get } from 'node:http'

const { LISTEN = '127.0.0.1:8080', METRICS_LISTEN = '', ROLES = 'web' } = process.env
const serves = ROLES.split(',').includes('web')

/**
 * Where a setting of a listener leads from in here. A socket's name leads to the newest process of any container, so this one's own
 * is looked up: the kernel lists the sockets of this network alone (proc(5), /proc/net/unix: 00010000 is one that listens).
 */
function placeOf(listen) {
  if (!listen.startsWith('unix:')) {
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(listen)
    return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port }
  }
  const name = listen.slice('unix:'.length)
  const own = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([, , , flags, , , , path]) => flags === '00010000' && path?.startsWith(`${name}.`))
    .at(-1)
  if (!own) throw new Error(`no socket of this container listens beside ${name}`)
  return { socketPath: own[7] }
}

const end = why => {
  if (why) process.stderr.write(`${why}\n`)
  process.exit(why ? 1 : 0)
}
try {
  const place = placeOf(serves ? LISTEN : METRICS_LISTEN)
  get({ ...place, path: serves ? '/ready' : '/metrics', timeout: 4_000 }, response => {
    response
      .resume()
      .on('end', () => end(response.statusCode === 200 ? '' : `it answers ${response.statusCode}`))
  })
    .on('timeout', () => end('it does not answer'))
    .on('error', error => end(error.message))
} catch (error) {
  end(error.message)
}
