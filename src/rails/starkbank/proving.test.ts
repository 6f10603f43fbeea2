/**
 * The proving thread says what `prove` says, of every vector; and a thread that dies loses nothing and
 * accepts nothing.
 */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { until } from '../../../test/testbed/until.ts'
import { done } from '../../base/answer.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { keyRing } from './keys.ts'
import { judgingEnd, postingEnd } from './proofRing.ts'
import { provingBeside, type Proving } from './proving.ts'
import { parseSignature, prove, readPublicKey } from './verify.ts'

const vectors = new URL('../../../../shared/vectors/', import.meta.url)
const unlessAbsent = existsSync(vectors) ? '' : ' (skipped: ../shared/vectors is absent)'
const load = (name: string) => JSON.parse(readFileSync(new URL(name, vectors), 'utf8'))

const pair = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  return { privateKey, key: readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString()) }
}
const ours = pair()
const body = Buffer.from('{"event":{"id":"1"}}')
const textOf = (raw: Buffer, privateKey: KeyObject) => sign('sha256', raw, privateKey).toString('base64')
const signatureOf = (raw: Buffer, privateKey = ours.privateKey) => parseSignature(textOf(raw, privateKey))!

const settled = (answers: (boolean | Promise<boolean>)[]) => Promise.all(answers.map(async answer => answer))

let proving: Proving | undefined
afterEach(() => proving?.close())

/** One that has its thread and is ready to use it from the first proof on. */
async function beside(): Promise<Proving> {
  const started = (proving = provingBeside({ clock: systemClock, log: silentLog, burst: 0 }))
  const signature = signatureOf(body)
  const isBeside = async () => {
    const answer = started.prove(body, signature, ours.key)
    return answer instanceof Promise && (await answer, true)
  }
  await until(isBeside, 'the thread being ready')
  return started
}

describe.skipIf(unlessAbsent !== '')(`the published vectors${unlessAbsent}`, () => {
  interface Group {
    publicKeyPem: string
    tests: { msg: string; sig: string }[]
  }

  test('the thread says what `prove` says of every Wycheproof vector and of the 13 events the bank signed', async () => {
    const { prove: proveBeside } = await beside()
    const given = ['ecdsa_secp256k1_sha256_test.json', 'ecdsa_secp256k1_sha256_bitcoin_test.json'].flatMap(
      file =>
        (load(file).testGroups as Group[]).flatMap(({ publicKeyPem, tests }) =>
          tests.map(({ msg, sig }) => ({
            pem: publicKeyPem,
            raw: Buffer.from(msg, 'hex'),
            text: Buffer.from(sig, 'hex').toString('base64'),
          })),
        ),
    )
    const samples = load('starkbank-signed-events.json')
    for (const { content, signature: text } of samples.vectors as { content: string; signature: string }[]) {
      const [raw, bent] = [Buffer.from(content), Buffer.from(content)]
      bent[bent.length >> 1]! ^= 1
      given.push({ pem: samples.publicKeyPem, raw, text }, { pem: samples.publicKeyPem, raw: bent, text })
    }
    let [thread, genuine] = [0, 0]
    for (const { pem, raw, text } of given) {
      const signature = parseSignature(text)
      if (!signature) continue
      const key = readPublicKey(pem)
      const answer = proveBeside(raw, signature, key)
      if (answer instanceof Promise) thread += 1
      const verdict = await answer
      expect({ text, verdict }).toEqual({ text, verdict: prove(raw, signature, key) })
      if (verdict) genuine += 1
    }
    // One by one nothing is too large or finds the ring full, so all of them went through it.
    expect(thread).toBeGreaterThan(300)
    expect(genuine).toBeGreaterThan(100)
    expect(genuine).toBeLessThan(thread)
  })
})

test('a burst shared by both threads is judged one by one: each forgery among the genuine, and only it', async () => {
  const { prove: proveBeside } = await beside()
  const raws = Array.from({ length: 300 }, (_, index) => Buffer.from(`{"event":{"id":"${index}"}}`))
  const answers = raws.map((raw, index) =>
    proveBeside(raw, signatureOf(index % 3 === 0 ? body : raw), ours.key),
  )
  expect(new Set(answers.map(answer => typeof answer))).toEqual(new Set(['object', 'boolean']))
  expect(await settled(answers)).toEqual(raws.map((_, index) => index % 3 !== 0))
})

test('few at a time are proven where they arrive, and no thread is started', () => {
  let now = 0
  proving = provingBeside({ clock: { ...systemClock, now: () => now }, log: silentLog })
  const signature = signatureOf(body)
  for (let count = 0; count < 200; count++) {
    now += 4
    expect(proving.prove(body, signature, ours.key)).toBe(true)
  }
})

test('an event too large for the ring is proven where it arrives', async () => {
  const { prove: proveBeside } = await beside()
  const large = Buffer.alloc(5_000, 'x')
  expect(proveBeside(large, signatureOf(large), ours.key)).toBe(true)
  expect(proveBeside(large, signatureOf(body), ours.key)).toBe(false)
})

test('what a thread had not answered when it died is proven where it arrived, and so is all that follows', async () => {
  const { prove: proveBeside } = await beside()
  // A key the thread cannot read is a fault it does not survive.
  const deadly = { ...ours.key, pem: 'not a key' }
  const other = Buffer.from('other')
  const answers = [
    proveBeside(body, signatureOf(body), deadly),
    proveBeside(body, signatureOf(body), ours.key),
    proveBeside(other, signatureOf(body), ours.key),
  ]
  expect(answers.map(answer => typeof answer)).toEqual(['object', 'object', 'object'])
  expect(await settled(answers)).toEqual([true, true, false])
  expect([
    proveBeside(body, signatureOf(body), ours.key),
    proveBeside(other, signatureOf(body), ours.key),
  ]).toEqual([true, false])
})

test('closing answers what is open, and what comes after it', async () => {
  const { prove: proveBeside, close } = await beside()
  const answers = [body, Buffer.from('other')].map(raw => proveBeside(raw, signatureOf(body), ours.key))
  close()
  expect(await settled(answers)).toEqual([true, false])
  expect(proveBeside(body, signatureOf(body), ours.key)).toBe(true)
})

test('a key ring that proves beside tells genuine, rotated and forged apart in a burst', async () => {
  const [second, stranger] = [pair(), pair()]
  const keys = keyRing({
    proving: await beside(),
    clock: systemClock,
    log: silentLog,
    initial: [{ pem: ours.key.pem }],
    fetch: async () => done([ours.key.pem, second.key.pem]),
  })
  const signers = [ours, second, stranger]
  const verdicts = await Promise.all(
    Array.from({ length: 90 }, (_, index) =>
      keys.verify(body, [textOf(body, signers[index % 3]!.privateKey)]),
    ),
  )
  expect(verdicts).toEqual(
    verdicts.map((_, index) =>
      index % 3 === 2
        ? { is: 'forged', why: expect.any(String) }
        : { is: 'genuine', keyId: signers[index % 3]!.key.keyId },
    ),
  )
})

test('the ring takes 32 jobs, refuses the next until one is taken back, and goes round in order', () => {
  const ring = postingEnd()
  const judgeNext = judgingEnd(ring.memory, raw => raw[0]! % 3 === 0)
  const job = (index: number) => ({ raw: Buffer.of(index), signature: new Uint8Array(64), key: ours.key })
  for (let index = 0; index < 32; index++) expect(ring.post(job(index))).toBe(true)
  expect([ring.post(job(99)), ring.take()]).toEqual([false, undefined])
  for (let index = 0; index < 100; index++) {
    expect(judgeNext()).toBe(false)
    expect(ring.take()).toBe(index % 3 === 0)
    expect(ring.post(job(index + 32))).toBe(true)
  }
})
