/**
 * What is handed back is believed only where it is what was asked for and every signature binds all of it.
 */
import { PSBTCombine, Transaction as Scure } from '@scure/btc-signer'
import { Psbt, Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { signByScure, wallet, type Wallet } from '../../../test/testbed/wallet.ts'
import type { Coin, Plan, Signed } from '../chain.ts'
import { derive } from './descriptor.ts'
import { maxText } from './handed.ts'
import { plan } from './plan.ts'
import { signedFaultText } from '../signedFault.ts'
import { readSigned } from './signed.ts'

const theirs = wallet('wpkh', 'regtest', 2)
const coin = (place: number, units: bigint): Coin => ({
  outpoint: `${'ab'.repeat(31)}0${place}:${place}`,
  units,
  branch: 'receive',
  index: place,
})

function ask(owner: Wallet, lockTime = 850_000): Plan {
  const payees = [120_000n, 90_000n].map((units, place) => ({
    key: `pay_${place}`,
    units,
    script: derive(theirs.account, 'receive', place).script,
  }))
  const coins = [coin(1, 100_000n), coin(2, 150_000n)]
  const answer = plan(
    { coins, payees, feeRate: 5_000n, mostFeeRate: 90_000n, change: { index: 4 }, lockTime },
    owner.account,
  )
  if (answer.is !== 'planned') throw new Error(answer.is)
  return answer.plan
}

const why = (signed: Signed) => (signed.is === 'wrong' ? signedFaultText(signed.fault) : signed.is)

describe.each(['wpkh', 'tr'] as const)('of %s', kind => {
  const owner = wallet(kind, 'regtest', 1)
  const asked = ask(owner)
  const read = (text: string, from: Pick<Plan, 'txid' | 'psbt'> = asked) => readSigned(text, from, 'regtest')
  const signed = owner.sign(asked.psbt)
  const finished = Psbt.fromBase64(signed).finalizeAllInputs()
  const bytes = Buffer.from(signed, 'base64')

  test.each([
    ['a PSBT in base64', signed],
    ['the same in hex', bytes.toString('hex')],
    [
      'the same in capitals, broken into lines',
      bytes.toString('hex').toUpperCase().replace(/.{64}/g, '$&\r\n'),
    ],
    ['base64 broken into lines', `\n${signed.replace(/.{76}/g, '$&\n')}\n`],
    ['a finished PSBT', finished.toBase64()],
    ['a PSBT of version 2 (BIP 370)', Buffer.from(Scure.fromPSBT(bytes).toPSBT(2)).toString('base64')],
    [
      'a finished PSBT of version 2 in hex',
      Buffer.from(Scure.fromPSBT(finished.toBuffer()).toPSBT(2)).toString('hex'),
    ],
    ['a raw transaction', finished.extractTransaction().toHex()],
    ['a raw transaction signed by another library', signByScure(owner, asked.psbt)],
    [
      'a PSBT that another library put together',
      Buffer.from(PSBTCombine([bytes, Buffer.from(asked.psbt, 'base64')])).toString('base64'),
    ],
  ])('%s is taken, and becomes the transaction that was planned', (_, text) => {
    const answer = read(text)
    if (answer.is !== 'signed') throw new Error(why(answer))
    const transaction = Transaction.fromBuffer(answer.raw)
    expect(answer.txid).toBe(asked.txid)
    expect(transaction.getId()).toBe(asked.txid)
    expect(transaction.ins.every(({ witness }) => witness.length === (kind === 'wpkh' ? 2 : 1))).toBe(true)
  })

  test('what a wallet added to it does not get into the transaction', () => {
    const talkative = Psbt.fromBase64(signed)
    // A proprietary field of one "a", and a type nobody has assigned (BIP 174).
    for (const key of ['fc016100', 'ee'])
      talkative.addUnknownKeyValToGlobal({ key: Buffer.from(key, 'hex'), value: Buffer.from('hello') })
    expect(read(talkative.toBase64())).toEqual(read(signed))
  })

  test('signatures are gathered from one hand to the next, in any order', () => {
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const half = read(owner.sign(asked.psbt, [first]))
      if (half.is !== 'incomplete') throw new Error(why(half))
      expect(read(half.psbt)).toEqual(half)
      expect(read(half.psbt, { ...asked, psbt: half.psbt })).toEqual(half)
      expect(read(owner.sign(asked.psbt, [second]), { ...asked, psbt: half.psbt })).toMatchObject({
        is: 'signed',
        txid: asked.txid,
      })
    }
  })

  test('what nobody signed is incomplete, as a PSBT or as a transaction', () => {
    expect(read(asked.psbt)).toEqual({ is: 'incomplete', psbt: asked.psbt })
    const raw = Psbt.fromBase64(asked.psbt).data.globalMap.unsignedTx.toBuffer()
    expect(read(Buffer.from(raw).toString('hex'))).toEqual({ is: 'incomplete', psbt: asked.psbt })
  })

  describe('signed rightly, but another transaction', () => {
    const last = asked.outputs.length - 1
    const fee = 10n
    const change = asked.outputs.findIndex(({ key }) => key === undefined)
    const named = (place: number) => derive(theirs.account, 'receive', place).address
    const paid = asked.outputs.findIndex(({ key }) => key === 'pay_1')
    const units = asked.outputs[paid]!.units
    const mine = derive(owner.account, 'change', 4).address

    test.each<[string, (draft: Draft) => void, string]>([
      ['an output a little smaller', ({ outputs }) => (outputs[paid]!.value -= fee), `output ${paid} pays ${units - fee} satoshis, ${fee} too few; ${units} to ${named(1)} were asked for`], // prettier-ignore
      ['an output a little larger', ({ outputs }) => (outputs[paid]!.value += 1n), `output ${paid} pays ${units + 1n} satoshis, 1 too many; ${units} to ${named(1)} were asked for`], // prettier-ignore
      ['another destination', ({ outputs }) => (outputs[paid]!.script = derive(theirs.account, 'receive', 9).script), `output ${paid} pays ${units} satoshis to ${named(9)}; ${units} to ${named(1)} were asked for`], // prettier-ignore
      ['an output that has no address', ({ outputs }) => (outputs[paid]!.script = Buffer.from('6a01ff', 'hex')), `output ${paid} pays ${units} satoshis to script 6a01ff; ${units} to ${named(1)} were asked for`], // prettier-ignore
      ['an output too many', ({ outputs }) => outputs.push({ script: derive(theirs.account, 'receive', 8).script, value: 500n }), `it has an output too many, 500 satoshis to ${named(8)}`], // prettier-ignore
      ['the last output missing', ({ outputs }) => outputs.pop(), `output ${last}, ${asked.outputs[last]!.units} satoshis to ${named(0)}, is missing`], // prettier-ignore
      ['the change taken out', ({ outputs }) => outputs.splice(change, 1), `output ${change} pays ${units} satoshis to ${named(1)}; ${asked.outputs[change]!.units} to ${mine} were asked for`], // prettier-ignore
      ['the outputs in another order', ({ outputs }) => outputs.reverse(), `output 0 pays ${asked.outputs[last]!.units} satoshis to ${named(0)}; ${asked.outputs[0]!.units} to ${mine} were asked for`], // prettier-ignore
      [
        'a foreign input',
        ({ inputs }) => inputs.push({ ...inputs[0]!, index: 77 }),
        `it also spends ${'ab'.repeat(31)}01:77, which was not asked for`,
      ],
      [
        'an input less, and less to pay',
        ({ inputs, outputs }) => (inputs.pop(), outputs.splice(1)),
        `it does not spend ${'ab'.repeat(31)}02:2, which was asked for`,
      ],
      ['the inputs in another order', ({ inputs }) => inputs.reverse(), 'its inputs are in another order'],
      ['another lock time', draft => (draft.lockTime = 0), 'its lock time is 0; 850000 was asked for'],
      ['another version', draft => (draft.version = 1), 'its version is 1; 2 was asked for'],
      [
        'another sequence',
        ({ inputs }) => (inputs[1]!.sequence = 0xffffffff),
        'input 1 has sequence 4294967295; 4294967293 was asked for',
      ],
    ])('%s is said', (_, change, said) => {
      const text = altered(asked.psbt, change)
      expect(why(read(text))).toBe(said)
      expect(why(read(owner.sign(text)))).toBe(said)
      expect(
        why(read(Psbt.fromBase64(owner.sign(text)).finalizeAllInputs().extractTransaction(true).toHex())),
      ).toBe(said)
    })

    test('of another plan is told by its txid', () => {
      const { txid, psbt } = ask(wallet(kind, 'regtest', 3))
      const other = altered(psbt, ({ inputs }) => inputs.forEach(input => (input.index += 10)))
      const otherTxid = Transaction.fromBuffer(
        Psbt.fromBase64(other).data.globalMap.unsignedTx.toBuffer(),
      ).getId()
      expect(txid).not.toBe(otherTxid)
      expect(why(read(other))).toBe(`it is another transaction, ${otherTxid}; ${asked.txid} was asked for`)
    })
  })

  describe('the right transaction, but signed wrongly', () => {
    const hashTypes: [string, number][] = [
      ['SIGHASH_NONE', 2],
      ['SIGHASH_SINGLE', 3],
      ['SIGHASH_ALL|ANYONECANPAY', 0x81],
      ['SIGHASH_NONE|ANYONECANPAY', 0x82],
      ['SIGHASH_SINGLE|ANYONECANPAY', 0x83],
    ]
    test.each(hashTypes)('with %s', (name, type) => {
      const psbt = Psbt.fromBase64(asked.psbt)
      for (const place of [0, 1]) psbt.updateInput(place, { sighashType: type })
      const loose = owner.sign(psbt.toBase64(), undefined, [type])
      const said = `input 0 is signed with ${name}, and all of it must be signed (SIGHASH_ALL or default)`
      expect(why(read(loose))).toBe(said)
      expect(why(read(Psbt.fromBase64(loose).finalizeAllInputs().extractTransaction().toHex()))).toBe(said)
    })

    test('with SIGHASH_ALL said and meant, it is right', () => {
      const psbt = Psbt.fromBase64(asked.psbt)
      for (const place of [0, 1]) psbt.updateInput(place, { sighashType: 1 })
      const answer = read(owner.sign(psbt.toBase64(), undefined, [1]))
      if (answer.is !== 'signed') throw new Error(why(answer))
      expect(Transaction.fromBuffer(answer.raw).getId()).toBe(asked.txid)
    })

    test('for another transaction, with a bit turned, or for another amount', () => {
      const bad =
        'has a signature that does not verify: it was made with another key, or for another amount or transaction'
      const elsewhere = Psbt.fromBase64(owner.sign(altered(asked.psbt, draft => (draft.lockTime = 1))))
      const mixed = Psbt.fromBase64(asked.psbt)
      for (const [place, input] of elsewhere.data.inputs.entries())
        mixed.updateInput(place, signatures(input))
      expect(why(read(mixed.toBase64()))).toBe(`input 0 ${bad}`)

      const turned = Psbt.fromBase64(signed)
      const { partialSig, tapKeySig } = turned.data.inputs[1]!
      ;(tapKeySig ?? partialSig![0]!.signature)[40]! ^= 1
      expect(why(read(turned.toBase64()))).toBe(`input 1 ${bad}`)

      const lied = Psbt.fromBase64(asked.psbt)
      lied.data.inputs[0]!.witnessUtxo!.value += 1n
      expect(why(read(owner.sign(lied.toBase64())))).toBe(`input 0 ${bad}`)
    })

    test('with an older way to unlock, or more than the address needs', () => {
      const scripted = Transaction.fromHex(finished.extractTransaction().toHex())
      scripted.setInputScript(0, Buffer.from('51', 'hex'))
      expect(why(read(scripted.toHex()))).toBe(
        'input 0 is unlocked by a script of before segwit, which our addresses do not have',
      )

      const annexed = Transaction.fromHex(finished.extractTransaction().toHex())
      annexed.setWitness(0, [...annexed.ins[0]!.witness, Buffer.from('50', 'hex')])
      expect(read(annexed.toHex()).is).toBe('wrong')
    })
  })

  test('no text makes it throw, or makes it answer with another transaction', () => {
    const right = read(signed)
    const sources = [signed, finished.toBase64()].map(text => Buffer.from(text, 'base64'))
    sources.push(
      Buffer.from(Scure.fromPSBT(bytes).toPSBT(2)),
      Buffer.from(finished.extractTransaction().toHex(), 'hex'),
    )
    const damage = fc.record({ place: fc.nat(), byte: fc.nat(255), cut: fc.boolean(), insert: fc.boolean() })
    fc.assert(
      fc.property(
        fc.constantFrom(...sources),
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        (source, all) => {
          const text = all.reduce((held, { place, byte, cut, insert }) => {
            const at = place % (held.length + 1)
            return Buffer.concat([
              held.subarray(0, at),
              insert ? Buffer.of(byte) : Buffer.alloc(0),
              held.subarray(at + (cut ? 1 : 0)),
            ])
          }, source)
          const flipped = Buffer.from(source)
          flipped[all[0]!.place % source.length]! ^= 1 << (all[0]!.byte & 7)
          for (const form of [text.toString('base64'), text.toString('hex'), flipped.toString('base64')]) {
            const answer = read(form)
            if (answer.is === 'signed') expect(answer).toEqual(right)
            else expect(['wrong', 'incomplete']).toContain(answer.is)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

const asked = ask(wallet('wpkh', 'regtest', 1))
const neither = 'it is neither a PSBT nor a raw transaction; a part may be missing, so copy it again'
test.each([
  ['nothing', '  \n', 'it is empty'],
  [
    'a sentence',
    'Please find the PSBT attached.',
    'it is neither hex nor base64; hand back a PSBT in base64 or hex, or a raw transaction in hex',
  ],
  ['a txid', 'ab'.repeat(32), neither],
  ['an address', 'bcrt1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', neither],
  [
    'the magic bytes alone',
    'cHNidP8=',
    'it begins like a PSBT and cannot be read as one (BIP 174, BIP 370); a part may be missing, so copy it again',
  ],
  [
    'half of a PSBT',
    asked.psbt.slice(0, 200),
    'it begins like a PSBT and cannot be read as one (BIP 174, BIP 370); a part may be missing, so copy it again',
  ],
  [
    'more than is read',
    'A'.repeat(maxText + 1),
    `it is ${maxText + 1} characters long, and at most ${maxText} are read`,
  ],
  ['zeros', '00'.repeat(maxText / 2), neither],
  ['a count of inputs without inputs', `02000000${'ff'.repeat(9)}`, neither],
  [
    'a PSBT that counts more than there is',
    `70736274ff01fb0402000000010204020000000104${'05feffffff7f'}0105010000`,
    'it begins like a PSBT and cannot be read as one (BIP 174, BIP 370); a part may be missing, so copy it again',
  ],
])('%s is told apart', (_, text, said) => {
  expect(why(readSigned(text, asked, 'regtest'))).toBe(said)
})

test('what is not believed is not repeated: it may be a key', () => {
  const key =
    'tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK'
  expect(why(readSigned(key, asked, 'regtest'))).toBe(neither)
  expect(why(readSigned(`${key} `.repeat(3), asked, 'regtest'))).not.toContain('tprv')
})

test('no characters make it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.base64String(),
        fc.stringMatching(/^70736274ff([0-9a-f]{2})*$/),
      ),
      text => {
        expect(readSigned(text, asked, 'regtest').is).toBe('wrong')
      },
    ),
    { numRuns: 1_000 },
  )
})

test('a plan that is not one of ours is a mistake of ours', () => {
  expect(() => readSigned(asked.psbt, { ...asked, txid: 'ab'.repeat(32) }, 'regtest')).toThrow(
    /not the one that was planned/,
  )
})

interface Draft {
  version: number
  lockTime: number
  inputs: { hash: Uint8Array; index: number; sequence: number }[]
  outputs: { script: Uint8Array; value: bigint }[]
}

/** The same PSBT with something else in it, so that its owner can sign it. */
function altered(text: string, change: (draft: Draft) => unknown): string {
  const psbt = Psbt.fromBase64(text)
  const draft: Draft = {
    version: psbt.version,
    lockTime: psbt.locktime,
    inputs: psbt.txInputs.map((input, place) => ({
      ...psbt.data.inputs[place]!,
      ...input,
      sequence: input.sequence!,
    })),
    outputs: psbt.txOutputs.map(({ script, value }) => ({ script, value })),
  }
  change(draft)
  const other = new Psbt().setVersion(draft.version).setLocktime(draft.lockTime)
  return other.addInputs(draft.inputs).addOutputs(draft.outputs).toBase64()
}

const signatures = ({ partialSig, tapKeySig }: Psbt['data']['inputs'][number]) => ({
  ...(partialSig && { partialSig }),
  ...(tapKeySig && { tapKeySig }),
})
