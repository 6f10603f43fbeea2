/** The key ring under rotation, outage and flood. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { done, refused, unsure, type Answer } from '../../base/answer.ts'
import { silentLog } from '../../base/log.ts'
import { keyRing, overlapMs, type KeyRingParts } from './keys.ts'

const pair = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  return { pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(), privateKey }
}
const [first, second, stranger] = [pair(), pair(), pair()]
const body = Buffer.from('{"event":{"id":"1"}}')
const signed = ({ privateKey }: { privateKey: KeyObject }, raw = body) => [
  sign('sha256', raw, privateKey).toString('base64'),
]

let now = 1_000_000
let fetches = 0
let answer: Answer<string[]>
let learned: string[]
const ring = (more: Partial<KeyRingParts> = {}) =>
  keyRing({
    clock: { now: () => now, sleep: async () => {} },
    log: silentLog,
    fetch: async () => (fetches++, answer),
    onNewKey: pem => learned.push(pem),
    ...more,
  })

beforeEach(() => {
  fetches = 0
  now = 1_000_000
  learned = []
  answer = done([first.pem])
})

describe('the key ring', () => {
  test('the first event brings the keys, and later ones ask no more', async () => {
    const keys = ring()
    expect(await keys.verify(body, signed(first))).toMatchObject({
      is: 'genuine',
      keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
    now += 3_600_000
    expect(await keys.verify(body, signed(first))).toMatchObject({ is: 'genuine' })
    expect(fetches).toBe(1)
    expect(learned).toEqual([first.pem])
  })

  test('a thousand forgeries at once, and a thousand one by one, cause one fetch a minute', async () => {
    const keys = ring({ initial: [{ pem: first.pem }] })
    const verdicts = await Promise.all(
      Array.from({ length: 1000 }, () => keys.verify(body, signed(stranger))),
    )
    expect(new Set(verdicts.map(verdict => verdict.is))).toEqual(new Set(['forged']))
    expect(fetches).toBe(1)
    for (let count = 0; count < 1000; count++) await keys.verify(body, signed(stranger))
    expect(fetches).toBe(1)
    now += 60_000
    await keys.verify(body, signed(stranger))
    expect(fetches).toBe(2)
  })

  test('a thousand forgeries while the bank is down cause one fetch a minute too, and are not judged', async () => {
    answer = unsure('timeout')
    const keys = ring({ initial: [{ pem: first.pem }] })
    for (let count = 0; count < 1000; count++)
      expect(await keys.verify(body, signed(stranger))).toMatchObject({ is: 'unknown' })
    expect(fetches).toBe(1)
  })

  test('a rotated key is learned from the event that bears it, and the old one stays good', async () => {
    const keys = ring({ initial: [{ pem: first.pem }] })
    answer = done([second.pem, first.pem])
    expect(await keys.verify(body, signed(second))).toMatchObject({ is: 'genuine' })
    expect(await keys.verify(body, signed(first))).toMatchObject({ is: 'genuine' })
    expect(learned).toEqual([second.pem])
  })

  test('after one junk post a genuine event under a new key is not judged until the bank can be asked again [security A12]', async () => {
    const keys = ring({ initial: [{ pem: first.pem }] })
    expect(await keys.verify(body, signed(stranger))).toMatchObject({ is: 'forged' })
    answer = done([second.pem, first.pem])
    now += 59_999
    expect(await keys.verify(body, signed(second))).toMatchObject({ is: 'unknown' })
    expect(fetches).toBe(1)
    now += 1
    expect(await keys.verify(body, signed(second))).toMatchObject({ is: 'genuine' })
  })

  test('what came while the bank was being asked is not forged by that answer, which may be older', async () => {
    let say: (answer: Answer<string[]>) => void = () => undefined
    const keys = ring({ initial: [{ pem: first.pem }], fetch: () => new Promise(resolve => (say = resolve)) })
    const before = keys.verify(body, signed(stranger))
    await new Promise(resolve => setImmediate(resolve))
    const during = keys.verify(body, signed(stranger))
    await new Promise(resolve => setImmediate(resolve))
    say(done([first.pem]))
    expect([await before, await during]).toMatchObject([{ is: 'forged' }, { is: 'unknown' }])
  })

  test('a key that the bank no longer publishes proves for three days more, and again once it is published [security A12]', async () => {
    const told: (readonly string[])[] = []
    const keys = ring({
      initial: [{ pem: first.pem }],
      askAgainMs: 86_400_000,
      onPublished: pems => told.push(pems),
    })
    const isGood = async () => {
      const { is } = await keys.verify(body, signed(first))
      await new Promise(resolve => setImmediate(resolve))
      return is
    }
    expect(await isGood()).toBe('genuine')
    // Nothing junk comes: that the key is gone is noticed by asking once a day.
    answer = done([second.pem])
    now += 86_400_000
    expect(await isGood()).toBe('genuine')
    expect([fetches, told]).toEqual([2, [[first.pem], [second.pem]]])
    now += overlapMs - 1
    expect(await isGood()).toBe('genuine')
    now += 60_000
    expect(await keys.verify(body, signed(first))).toEqual({
      is: 'forged',
      why: 'a key that the bank retired signed this',
    })
    answer = done([first.pem])
    now += 60_000
    expect(await isGood()).toBe('genuine')
  })

  test('a key that was missing when the last run ended is retired by the time that is kept', async () => {
    const keys = ring({ initial: [{ pem: first.pem, missingSince: now - overlapMs }, { pem: second.pem }] })
    answer = done([second.pem])
    expect(await keys.verify(body, signed(first))).toMatchObject({ is: 'forged' })
    expect(await keys.verify(body, signed(second))).toMatchObject({ is: 'genuine' })
  })

  test('one key that is kept in two spellings is good where either is published', async () => {
    const other = first.pem.replaceAll('\n', '\r\n')
    for (const initial of [
      [first.pem, other],
      [other, first.pem],
    ])
      expect(
        await ring({
          initial: initial.map(pem => ({ pem, missingSince: pem === other ? 0 : undefined })),
        }).verify(body, signed(first)),
      ).toMatchObject({
        is: 'genuine',
      })
  })

  test('a key that a person retires proves nothing within a minute, in a process that runs [security A12]', async () => {
    let isRetired = false
    const keys = ring({ initial: [{ pem: first.pem }], kept: async () => [{ pem: first.pem, isRetired }] })
    answer = done([second.pem])
    expect(await keys.verify(body, signed(first))).toMatchObject({ is: 'genuine' })
    isRetired = true
    now += 60_000
    await keys.verify(body, signed(second))
    expect((await keys.verify(body, signed(first))).is).not.toBe('genuine')
  })

  test('without any key nothing can be judged, and a known key judges while the bank is down', async () => {
    answer = refused('unreachable', true)
    expect(await ring().verify(body, signed(first))).toMatchObject({ is: 'unknown' })
    expect(await ring({ initial: [{ pem: first.pem }] }).verify(body, signed(first))).toMatchObject({
      is: 'genuine',
    })
  })

  test('an event under a rotated key waits for the bank to come back, and is then genuine', async () => {
    const keys = ring({ initial: [{ pem: first.pem }] })
    answer = unsure('timeout')
    expect(await keys.verify(body, signed(second))).toMatchObject({ is: 'unknown' })
    answer = done([second.pem])
    expect(await keys.verify(body, signed(second))).toMatchObject({ is: 'unknown' })
    now += 60_000
    expect(await keys.verify(body, signed(second))).toMatchObject({ is: 'genuine' })
  })

  test('junk, no header, and a doubled header are forged without a question to anyone [security 1]', async () => {
    const keys = ring()
    const [good] = signed(first) as [string]
    for (const signatures of [[], [good, good], [`${good}, ${good}`], [`${good},${good}`], ['junk'], ['']])
      expect(await keys.verify(body, signatures)).toMatchObject({ is: 'forged' })
    expect(fetches).toBe(0)
  })

  test('what the bank publishes beside its keys is passed over', async () => {
    answer = done(['<html>', first.pem])
    expect(await ring().verify(body, signed(first))).toMatchObject({ is: 'genuine' })
  })

  test('a list of no keys is no answer', async () => {
    answer = done([])
    expect(await ring({ initial: [{ pem: first.pem }] }).verify(body, signed(second))).toMatchObject({
      is: 'unknown',
    })
  })

  test('a clock set back does not stop the asking', async () => {
    const keys = ring({ initial: [{ pem: first.pem }] })
    await keys.verify(body, signed(stranger))
    now -= 86_400_000
    await keys.verify(body, signed(stranger))
    expect(fetches).toBe(2)
  })
})
