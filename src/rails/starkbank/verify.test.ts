/**
 * The verifier against Node's, against Wycheproof, against the bank's own signed events, and against what we
 * break on purpose.
 */
import { createPublicKey, generateKeyPairSync, sign, verify as nodeVerify, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import {
  parseDer,
  parseSignature,
  proveWithNative,
  proveWithNode,
  readPublicKey,
  type Prover,
} from './verify.ts'

const vectors = new URL('../../../../shared/vectors/', import.meta.url)
const absent = !existsSync(vectors)
const load = (name: string) => JSON.parse(readFileSync(new URL(name, vectors), 'utf8'))
const unlessAbsent = absent ? ' (skipped: ../shared/vectors is absent)' : ''

const provers: [string, Prover][] = [['Node', proveWithNode]]
if (proveWithNative) provers.push(['libsecp256k1', proveWithNative])

const judge = (prover: Prover, pem: string, raw: Uint8Array, text: string) => {
  const signature = parseSignature(text)
  return signature !== undefined && prover(raw, signature, readPublicKey(pem))
}

describe.skipIf(absent)(`the published vectors${unlessAbsent}`, () => {
  interface Group {
    publicKeyPem: string
    tests: { tcId: number; msg: string; sig: string; result: string }[]
  }

  for (const [name, prover] of provers)
    for (const file of ['ecdsa_secp256k1_sha256_test.json', 'ecdsa_secp256k1_sha256_bitcoin_test.json'])
      test(`${name} behind our parser says what Node says of every vector in ${file} [security 1 der]`, () => {
        let judged = 0
        for (const group of load(file).testGroups as Group[]) {
          const node = createPublicKey(group.publicKeyPem)
          for (const { tcId, msg, sig, result } of group.tests) {
            const raw = Buffer.from(msg, 'hex')
            const der = Buffer.from(sig, 'hex')
            const ours = judge(prover, group.publicKeyPem, raw, der.toString('base64'))
            expect({ tcId, ours }).toEqual({ tcId, ours: nodeVerify('sha256', raw, node, der) })
            // One file forbids every high s, which the bank itself sends.
            const signature = parseDer(der)
            const forbidden =
              file.includes('bitcoin') && signature !== undefined && big(signature.subarray(32)) > n / 2n
            if (!forbidden) expect({ tcId, ours }).toEqual({ tcId, ours: result === 'valid' })
            judged++
          }
        }
        expect(judged).toBe(load(file).numberOfTests)
      })

  for (const [name, prover] of provers)
    test(`${name} proves the 13 events the bank signed, and none of them with one bit changed`, () => {
      const { publicKeyPem, vectors: samples } = load('starkbank-signed-events.json')
      expect(samples).toHaveLength(13)
      for (const { content, signature } of samples) {
        const raw = Buffer.from(content)
        expect(judge(prover, publicKeyPem, raw, signature)).toBe(true)
        for (const at of [0, raw.length >> 1, raw.length - 1]) {
          const bent = Buffer.from(raw)
          bent[at]! ^= 1
          expect(judge(prover, publicKeyPem, bent, signature)).toBe(false)
        }
      }
    })
})

const pair = () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const spki = (key: KeyObject, type: 'compressed' | 'uncompressed' = 'uncompressed') => {
  const { x, y } = key.export({ format: 'jwk' })
  if (type === 'uncompressed') return key.export({ type: 'spki', format: 'pem' }).toString()
  const parity = Buffer.from(y!, 'base64url').at(-1)! & 1
  const prefix = Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex')
  const der = Buffer.concat([prefix, Buffer.of(2 + parity), Buffer.from(x!, 'base64url')])
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`
}

const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const big = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const hexOf = (value: bigint) => {
  const text = value.toString(16)
  return Buffer.from(text.length % 2 ? `0${text}` : text, 'hex')
}
/** A minimal DER integer, unless told otherwise. */
const integer = (value: bigint) => {
  const digits = hexOf(value)
  const padding = Buffer.alloc(digits[0]! >= 0x80 ? 1 : 0)
  return Buffer.concat([Buffer.of(2, padding.length + digits.length), padding, digits])
}
const sequence = (...parts: Buffer[]) => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(0x30, body.length), body])
}

/** Every way we know of writing a good signature badly. */
function breakages(good: Buffer): [string, Buffer][] {
  const compact = parseDer(good)!
  const [r, s] = [big(compact.subarray(0, 32)), big(compact.subarray(32))]
  const [ri, si] = [integer(r), integer(s)]
  const body = good.subarray(2)
  const withZero = (part: Buffer) => Buffer.concat([Buffer.of(2, part[1]! + 1, 0), part.subarray(2)])
  const negative = (value: bigint) =>
    Buffer.concat([Buffer.of(2, 32), hexOf(value).length === 32 ? hexOf(value) : Buffer.alloc(32, 0xff)])
  return [
    ['the sequence length in long form', Buffer.concat([Buffer.of(0x30, 0x81, body.length), body])],
    ['the sequence length in longer form', Buffer.concat([Buffer.of(0x30, 0x82, 0, body.length), body])],
    [
      'an integer length in long form',
      sequence(Buffer.concat([Buffer.of(2, 0x81, ri[1]!), ri.subarray(2)]), si),
    ],
    ['an indefinite length', Buffer.concat([Buffer.of(0x30, 0x80), body, Buffer.of(0, 0)])],
    ['one zero too many before r', sequence(withZero(ri), si)],
    ['one zero too many before s', sequence(ri, withZero(si))],
    ['a negative r', sequence(negative(r | (1n << 255n)), si)],
    ['a negative s', sequence(ri, negative(s | (1n << 255n)))],
    ['r of zero', sequence(integer(0n), si)],
    ['s of zero', sequence(ri, integer(0n))],
    ['both zero', sequence(integer(0n), integer(0n))],
    ['r of n', sequence(integer(n), si)],
    ['s of n', sequence(ri, integer(n))],
    ['r plus n', sequence(integer(r + n), si)],
    ['s plus n', sequence(ri, integer(s + n))],
    ['an s of 40 bytes', sequence(ri, integer(s + (1n << 312n)))],
    ['an empty integer', sequence(Buffer.of(2, 0), si)],
    ['bytes after the end', Buffer.concat([good, Buffer.of(0)])],
    ['bytes after s, within the sequence', sequence(ri, si, Buffer.of(5, 0))],
    ['a third integer', sequence(ri, si, integer(1n))],
    ['no s', sequence(ri)],
    ['nothing', sequence()],
    ['a set for a sequence', Buffer.concat([Buffer.of(0x31), good.subarray(1)])],
    ['an octet string for r', sequence(Buffer.concat([Buffer.of(4), ri.subarray(1)]), si)],
    ['a length one short', Buffer.concat([Buffer.of(0x30, body.length - 1), body])],
    ['a length one long', Buffer.concat([Buffer.of(0x30, body.length + 1), body])],
    ['its last byte lost', good.subarray(0, -1)],
  ]
}

describe('signatures of our own making', () => {
  for (const [name, prover] of provers) {
    test(`${name} proves a fresh signature and its high twin, and refuses it over other bytes and under another key`, () => {
      for (let round = 0; round < 20; round++) {
        const { publicKey, privateKey } = pair()
        const raw = Buffer.from(`{"round":${round}}`)
        const der = sign('sha256', raw, privateKey)
        const compact = parseDer(der)!
        const twin = sequence(integer(big(compact.subarray(0, 32))), integer(n - big(compact.subarray(32))))
        const pem = spki(publicKey)
        expect(judge(prover, pem, raw, der.toString('base64'))).toBe(true)
        expect(judge(prover, pem, raw, twin.toString('base64'))).toBe(true)
        expect(judge(prover, spki(publicKey, 'compressed'), raw, der.toString('base64'))).toBe(true)
        expect(judge(prover, pem, Buffer.from(`{"round": ${round}}`), der.toString('base64'))).toBe(false)
        expect(judge(prover, spki(pair().publicKey), raw, der.toString('base64'))).toBe(false)
      }
    })

    test(`${name} agrees with Node that each malformed encoding proves nothing [security der]`, () => {
      for (let round = 0; round < 8; round++) {
        const { publicKey, privateKey } = pair()
        const raw = Buffer.from(`{"round":${round}}`)
        for (const [flaw, der] of breakages(sign('sha256', raw, privateKey))) {
          expect({ flaw, node: nodeVerify('sha256', raw, publicKey, der) }).toEqual({ flaw, node: false })
          expect({ flaw, ours: judge(prover, spki(publicKey), raw, der.toString('base64')) }).toEqual({
            flaw,
            ours: false,
          })
        }
      }
    })

    test(`${name} says what Node says of signatures with bytes flipped, cut, or made up`, () => {
      const { publicKey, privateKey } = pair()
      const pem = spki(publicKey)
      const raw = Buffer.from('{"event":{"id":"1"}}')
      const good = sign('sha256', raw, privateKey)
      const bent = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 }).map(flips => {
        const der = Buffer.from(good)
        for (const [at, byte] of flips) der[at] = byte
        return der
      })
      const spliced = fc
        .tuple(fc.nat(good.length), fc.uint8Array({ maxLength: 4 }))
        .map(([at, extra]) => Buffer.concat([good.subarray(0, at), extra, good.subarray(at)]))
      const chosen = fc
        .tuple(fc.bigInt(0n, n + 2n), fc.bigInt(0n, n + 2n))
        .map(([r, s]) => sequence(integer(r), integer(s)))
      const noise = fc.uint8Array({ maxLength: 80 }).map(bytes => Buffer.from(bytes))
      fc.assert(
        fc.property(fc.oneof(bent, spliced, chosen, noise), der => {
          expect(judge(prover, pem, raw, der.toString('base64'))).toBe(
            nodeVerify('sha256', raw, publicKey, der),
          )
        }),
        { numRuns: 600 },
      )
    })
  }

  test('only the one base64 text of a signature is read [security der]', () => {
    const { privateKey } = pair()
    let der = sign('sha256', Buffer.from('x'), privateKey)
    while (der.length % 3 !== 2) der = sign('sha256', Buffer.from('x'), privateKey)
    const text = der.toString('base64')
    expect(parseSignature(text)).toHaveLength(64)
    const last = text.at(-2)!
    const twin = text.slice(0, -2) + String.fromCharCode(last.charCodeAt(0) + 1) + '='
    for (const wrong of [
      '',
      ` ${text}`,
      `${text} `,
      `${text}\n`,
      text.replace(/=+$/, ''),
      `${text}=`,
      `${text}, ${text}`,
      `${text},${text}`,
      text + text,
      twin,
      text.replace(/^../, '*!'),
      text.slice(0, 8) + '\r\n' + text.slice(8),
      text.slice(0, 4),
      der.toString('hex'),
      'A'.repeat(100_000),
    ])
      expect({ wrong: wrong.slice(0, 200), read: parseSignature(wrong) }).toEqual({
        wrong: wrong.slice(0, 200),
        read: undefined,
      })
    const slashed = text.replaceAll('+', '-').replaceAll('/', '_')
    if (slashed !== text) expect(parseSignature(slashed)).toBeUndefined()
  })
})

describe('public keys', () => {
  test('one key has one id, its point written either way', () => {
    const { publicKey } = pair()
    const [long, short] = [readPublicKey(spki(publicKey)), readPublicKey(spki(publicKey, 'compressed'))]
    expect(short.keyId).toBe(long.keyId)
    expect(long.keyId).toMatch(/^[0-9a-f]{16}$/)
    expect(long.point).toHaveLength(65)
  })

  test('another curve, another kind, a private key and plain text are no keys', () => {
    const others = [
      generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString(),
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      pair().privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      '<html>',
      '',
    ]
    for (const pem of others) expect(() => readPublicKey(pem)).toThrow(BadInput)
  })
})
