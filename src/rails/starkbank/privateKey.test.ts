/** A key file that cannot work is refused with what to do about it. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import { adviceFor, readPrivateKey } from './privateKey.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-key-'))
afterAll(() => rmSync(folder, { recursive: true }))
const write = (text: string, mode = 0o400) => {
  const file = join(folder, `${Math.random()}.pem`)
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}
const pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const sec1 = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
const parameters = '-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n'

describe('the private key file', () => {
  test('a SEC1 secp256k1 key is read, with its public half', () => {
    const { pem, publicKeyPem, findings } = readPrivateKey(write(sec1), 'production')
    expect(findings).toEqual([])
    const proof = sign('sha256', Buffer.from('x'), pem)
    expect(verify('sha256', Buffer.from('x'), pair.publicKey, proof)).toBe(true)
    expect(publicKeyPem).toBe(pair.publicKey.export({ type: 'spki', format: 'pem' }).toString())
  })

  test('the parameters openssl writes first and line ends of Windows do no harm', () => {
    expect(readPrivateKey(write(parameters + sec1), 'sandbox').pem).toBe(sec1)
    expect(readPrivateKey(write(sec1.replaceAll('\n', '\r\n')), 'sandbox').pem).toBe(sec1)
  })

  test('a file others can read is a finding in the sandbox and refused in production [security 5]', () => {
    for (const mode of [0o440, 0o644, 0o404, 0o420]) {
      const file = write(sec1, mode)
      expect(readPrivateKey(file, 'sandbox').findings).toEqual([expect.stringContaining(`chmod 400 ${file}`)])
      expect(() => readPrivateKey(file, 'production')).toThrow(BadInput)
    }
  })

  const bad: [string, string, RegExp][] = [
    [
      'PKCS#8',
      pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /PKCS#8.*openssl ec -in .*-sec1\.pem/,
    ],
    [
      'another curve',
      other.export({ type: 'sec1', format: 'pem' }).toString(),
      /prime256v1, not secp256k1.*registered with the bank/,
    ],
    ['a public key', pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(), /public key/],
    [
      'a locked key',
      pair.privateKey
        .export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      /passphrase/,
    ],
    ['a key cut short', sec1.replace(/\n.{20}/, '\n'), /cannot be read as a key/],
    ['HTML', '<html></html>', /BEGIN EC PRIVATE KEY.*registered with the bank/],
    ['nothing', '', /BEGIN EC PRIVATE KEY/],
  ]
  for (const [name, text, says] of bad)
    test(`${name} is refused, saying what to do and nothing of the key [security 5]`, () => {
      const file = write(text)
      expect(() => readPrivateKey(file, 'sandbox')).toThrow(BadInput)
      try {
        readPrivateKey(file, 'sandbox')
      } catch (error) {
        expect((error as Error).message).toMatch(says)
        expect((error as Error).message).not.toContain('-genkey')
        for (const line of text.split('\n').filter(part => part.length > 20))
          expect((error as Error).message).not.toContain(line)
      }
    })

  const faultOf = (file: string) => {
    try {
      readPrivateKey(file, 'sandbox')
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }

  test('a file that is not there is advised to be made where it is wanted, by a command that overwrites nothing', () => {
    const file = join(folder, "it's none.pem")
    const command = /make one with: (.+)$/.exec(faultOf(file))![1]!
    execFileSync('sh', ['-c', command])
    const { mode } = statSync(file)
    expect(mode & 0o777).toBe(0o400)
    const { pem } = readPrivateKey(file, 'production')
    chmodSync(file, 0o600)
    expect(() => execFileSync('sh', ['-c', command], { stdio: 'ignore' })).toThrow()
    expect(readPrivateKey(file, 'production').pem).toBe(pem)
  })

  test('a folder is told to be one, and no key is made for it', () => {
    expect(faultOf(folder)).toMatch(/is a folder \(EISDIR\): name the file in it$/)
  })

  // Root reads what it likes, so the system's refusal is told here rather than met.
  test('a key of another user is told to be handed over, not replaced', () => {
    expect(adviceFor('EACCES', 'keys/bank.pem')).toMatch(
      /\(EACCES\).*chown USER keys\/bank\.pem && chmod 400 keys\/bank\.pem/,
    )
    for (const code of ['EACCES', 'EPERM', 'EIO'])
      expect(adviceFor(code, 'bank.pem')).not.toContain('openssl')
  })
})
