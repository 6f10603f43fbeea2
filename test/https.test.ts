/**
 * A server that speaks the bank's API over TLS: it is used when its certificate can be trusted, and refused,
 * saying why, when not.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { repasse as program } from '../sim/demoWorker.ts'
import { openBankTerminal } from './testbed/terminal.ts'

const { at, env } = await openBankTerminal({ startingBalance: 50_000 })
const there = spawnSync('openssl', ['version']).status === 0

test.skipIf(!there)(
  there
    ? 'over https, with the usual checks of its certificate'
    : 'openssl is not here to make a certificate',
  async () => {
    const [key, cert] = [at('tls-key.pem'), at('tls-cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const made = [
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      ...subject,
    ]
    execFileSync('openssl', ['req', ...made, '-keyout', key, '-out', cert], { stdio: 'ignore' })

    const behind = Number(new URL(env.STARKBANK_API_URL).port)
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, client => {
      const inner = connect(behind, '127.0.0.1')
      client.on('error', () => inner.destroy()).on('close', () => inner.destroy())
      inner.on('error', () => client.destroy()).on('close', () => client.destroy())
      client.pipe(inner).pipe(client)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

    try {
      expect(await looked(url, { NODE_EXTRA_CA_CERTS: cert })).toMatchObject({
        is: 'ok',
        says: expect.stringContaining('it knows us'),
      })
      const distrusted = await looked(url, { NODE_EXTRA_CA_CERTS: '' })
      expect(distrusted.is).toBe('error')
      expect(distrusted.says).toMatch(/certificate|self.signed/i)
    } finally {
      server.close()
    }
  },
)

/** What the doctor, in a process of its own, says of the bank. */
async function looked(url: string, more: Record<string, string>): Promise<{ is: string; says: string }> {
  const { stdout } = await program(at(''), ['doctor', '--json'], { ...env, STARKBANK_API_URL: url, ...more })
  return (JSON.parse(stdout) as { check: string; is: string; says: string }[]).find(
    ({ check }) => check === 'bank',
  )!
}
