/** PSBTs are read as BIP 174 and BIP 370 have it, by their own test vectors. */
import { readFileSync } from 'node:fs'
import { Psbt, Transaction } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import { signedFaultText } from '../signedFault.ts'
import { readHanded, type Handed } from './handed.ts'

/** The case in the words of its BIP, which writes some at length. */
const brief = (words: string) => (words.length <= 120 ? words : `${words.slice(0, 119)}…`)

interface Vector {
  case: string
  psbt: string
}
const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/${name}.json`, import.meta.url), 'utf8')) as T

const read = (text: string): Handed => {
  const read = readHanded(text)
  if (read.is !== 'handed') throw new Error(signedFaultText(read))
  return read.handed
}
const hex = (text: string) => Buffer.from(text, 'base64').toString('hex')

describe('BIP 174', () => {
  const {
    invalid,
    valid,
    'unfit for a signer': unfit,
  } = vectors<Record<'invalid' | 'valid' | 'unfit for a signer', Vector[]>>('bip174')
  const [network, ...broken] = invalid as [Vector, ...Vector[]]

  test.each(broken.map(each => [brief(each.case), each.psbt]))('invalid: %s', (_, psbt) => {
    expect(() => read(psbt)).toThrow(/cannot be read/)
    expect(() => read(hex(psbt))).toThrow(/cannot be read/)
  })

  test(`invalid as a PSBT, and read as the transaction it is: ${network.case}`, () => {
    expect(network.case).toBe('Network transaction, not PSBT format')
    const transaction = Transaction.fromHex(hex(network.psbt))
    expect(read(network.psbt).txid).toBe(transaction.getId())
    expect(read(hex(network.psbt)).outputs.map(({ units }) => units)).toEqual(
      transaction.outs.map(({ value }) => value),
    )
  })

  // bitcoinjs-lib reads all of them too: what both say must be one and the same.
  test.each([...valid, ...unfit].map(each => [brief(each.case), each.psbt]))('valid: %s', (_, psbt) => {
    const handed = read(psbt)
    const { txInputs, txOutputs, locktime, version, data } = Psbt.fromBase64(psbt)
    expect(handed.lockTime).toBe(locktime)
    // It makes version 2 of what has no inputs yet, whatever it says.
    if (txInputs.length > 0) expect(handed.version).toBe(version)
    expect(handed.inputs.map(({ outpoint, sequence }) => [outpoint, sequence])).toEqual(
      txInputs.map(({ hash, index, sequence }) => [
        `${Buffer.from(hash).reverse().toString('hex')}:${index}`,
        sequence,
      ]),
    )
    expect(handed.outputs.map(({ units, script }) => [units, Buffer.from(script).toString('hex')])).toEqual(
      txOutputs.map(({ value, script }) => [value, Buffer.from(script).toString('hex')]),
    )
    expect(handed.inputs.map(({ partial }) => partial.length)).toEqual(
      data.inputs.map(({ partialSig }) => partialSig?.length ?? 0),
    )
    expect(handed.inputs.map(({ script }) => script.length)).toEqual(
      data.inputs.map(({ finalScriptSig }) => finalScriptSig?.length ?? 0),
    )
    expect(read(hex(psbt))).toEqual(handed)
  })
})

describe('BIP 370', () => {
  type Sections = Record<'invalid' | 'valid' | 'no lock time', Vector[]> &
    Record<'lock times', (Vector & { lockTime: number })[]>
  const { invalid, valid, 'lock times': locks, 'no lock time': none } = vectors<Sections>('bip370')

  test.each([...invalid, ...none].map(each => [brief(each.case), each.psbt]))('invalid: %s', (_, psbt) => {
    expect(() => read(psbt)).toThrow(/cannot be read/)
  })

  test.each(valid.map(each => [brief(each.case), each.psbt]))('valid: %s', (_, psbt) => {
    const { version, inputs, outputs } = read(psbt)
    expect(version).toBe(2)
    expect(inputs.map(({ outpoint }) => outpoint)).toEqual([
      'c85f81844094f9f0eec1e41f8d63e0a99e9f73dc725d7319871c9c4121d90a0b:0',
    ])
    expect(outputs.map(({ units }) => units)).toEqual([800_000_000n, 199_998_859n])
  })

  test.each(locks.map(each => [each.lockTime, brief(each.case), each.psbt] as const))(
    'lock time %i: %s',
    (lockTime, _, psbt) => {
      expect(read(psbt).lockTime).toBe(lockTime)
    },
  )
})
