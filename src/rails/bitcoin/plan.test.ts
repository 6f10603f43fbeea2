/** What a planned transaction pays to whom, and when there is none. */
import { crypto, Psbt, Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wallet } from '../../../test/testbed/wallet.ts'
import type { Coin, Payee, Plan, Planned, PlanOrder } from '../chain.ts'
import { derive } from './descriptor.ts'
import { feeOf } from './fees.ts'
import { plan } from './plan.ts'
import { addPrevious } from './psbt.ts'

const wpkh = wallet('wpkh', 'regtest', 1).account
const tr = wallet('tr', 'regtest', 1).account
const elsewhere = wallet('wpkh', 'regtest', 2).account

const txid = (name: number) => Buffer.from(crypto.sha256(Buffer.of(name))).toString('hex')
const coin = (units: number, index = 0): Coin => ({
  outpoint: `${txid(index)}:${index}`,
  units: BigInt(units),
  branch: 'receive',
  index,
})
const coins = (...units: number[]) => units.map(coin)
const payee = (units: number, index = 0): Payee => ({
  key: `pay_${index}`,
  units: BigInt(units),
  script: derive(elsewhere, 'receive', index).script,
})
const payees = (...units: number[]) => units.map(payee)

const order = (change: Partial<PlanOrder>): PlanOrder => ({
  coins: coins(100_000),
  payees: payees(50_000),
  feeRate: 1_000n,
  mostFeeRate: 100_000n,
  change: { index: 7 },
  lockTime: 850_000,
  ...change,
})
const planned = (change: Partial<PlanOrder>, account = wpkh): Plan => {
  const answer = plan(order(change), account)
  if (answer.is !== 'planned') throw new Error(`expected a plan, got ${answer.is}`)
  return answer.plan
}
const amounts = ({ outputs }: Plan) =>
  outputs.map(({ key, units, feeShare }) => [key, Number(units), Number(feeShare)])

describe('what is paid', () => {
  test('the fee comes out of what is owed, and the change is what the coins hold beyond that', () => {
    const { feeUnits, houseUnits, size, ...made } = planned({})
    expect({ feeUnits, houseUnits, size }).toEqual({ feeUnits: 141n, houseUnits: 0n, size: 141 })
    expect(amounts(made as Plan)).toEqual([
      ['pay_0', 49_859, 141],
      [undefined, 50_000, 0],
    ])
  })

  test('several payees share it in proportion', () => {
    const made = planned({ payees: payees(60_000, 30_000), feeRate: 10_000n })
    expect(made.feeUnits).toBe(1_720n)
    expect(amounts(made)).toEqual([
      [undefined, 10_000, 0],
      ['pay_1', 29_427, 573],
      ['pay_0', 58_853, 1_147],
    ])
  })

  test('two payees with one address get an output each', () => {
    const script = derive(elsewhere, 'receive', 3).script
    const made = planned({ payees: [{ ...payee(20_000, 1), script }, { ...payee(20_000, 0), script }] }) // prettier-ignore
    expect(made.outputs.map(({ key }) => key)).toEqual(['pay_0', 'pay_1', undefined])
    expect(made.outputs.filter(each => Buffer.compare(each.script, script) === 0)).toHaveLength(2)
  })

  test('coins that hold just what is owed leave no change', () => {
    const made = planned({ coins: coins(50_000) })
    expect(amounts(made)).toEqual([['pay_0', 49_890, 110]])
    expect(made.houseUnits).toBe(0n)
  })

  test.each([
    ['wpkh', wpkh, 294],
    ['tr', tr, 330],
  ] as const)(
    'change of %s that would be dust goes to the miners, and the payees bear so much less',
    (_, account, dust) => {
      const lost = planned({ coins: coins(50_000 + dust - 1), feeRate: 5_000n }, account)
      const need = feeOf(5_000n, lost.size)
      expect(lost.houseUnits).toBe(BigInt(dust - 1))
      expect(lost.feeUnits).toBe(need)
      expect(amounts(lost)).toEqual([['pay_0', 50_000 - Number(need) + dust - 1, Number(need) - dust + 1]])

      const kept = planned({ coins: coins(50_000 + dust), feeRate: 5_000n }, account)
      expect(kept.houseUnits).toBe(0n)
      expect(amounts(kept)).toContainEqual([undefined, dust, 0])
    },
  )

  test('where the lost change is more than the fee, the payees bear nothing', () => {
    const made = planned({ coins: coins(50_293) })
    expect(made.feeUnits).toBe(293n)
    expect(made.houseUnits).toBe(293n)
    expect(amounts(made)).toEqual([['pay_0', 50_000, 0]])
  })

  test('where the lost change would make it too dear, another coin makes it an output', () => {
    const made = planned({ coins: coins(50_293, 3_000), mostFeeRate: 1_000n })
    expect(made.inputs).toHaveLength(2)
    expect(made.feeUnits).toBe(BigInt(made.size))
    expect(amounts(made)).toContainEqual([undefined, 3_293, 0])
  })
})

describe('what is not', () => {
  const answers: [string, Partial<PlanOrder>, Planned][] = [
    ['too few coins', { payees: payees(60_000, 50_000), feeRate: 1_000n }, { is: 'short', missing: 10_000n }],
    ['no coin at all', { coins: [] }, { is: 'short', missing: 50_000n }],
    [
      'who is owed less than dust, before coins are looked for',
      { coins: [], payees: payees(50_000, 293) },
      { is: 'dust', keys: ['pay_1'] },
    ],
    [
      'whose share makes dust of it',
      { payees: payees(50_000, 296), feeRate: 10_000n },
      { is: 'dust', keys: ['pay_1'] },
    ],
    [
      'all, where the fee is more than what is owed',
      { payees: payees(1_000, 900), feeRate: 50_000n },
      { is: 'dust', keys: ['pay_0', 'pay_1'] },
    ],
    [
      'a rate above the cap',
      { feeRate: 2_500n, mostFeeRate: 2_000n },
      { is: 'too dear', why: 'the network asks 2.5 sat/vB, and at most 2 sat/vB may be paid' },
    ],
    [
      'lost change above the cap, with no other coin',
      { coins: coins(50_293), mostFeeRate: 1_000n },
      {
        is: 'too dear',
        why: 'with its change too small to be an output it pays 293 satoshis for 110 vB, and at most 1 sat/vB may be paid',
      },
    ],
  ]
  test.each(answers)('%s', (_, change, answer) => expect(plan(order(change), wpkh)).toEqual(answer))

  test.each([
    ['no payee', { payees: [] }],
    ['a payee twice', { payees: [payee(1_000), payee(2_000)] }],
    ['a coin twice', { coins: [coin(90_000), coin(90_000)] }],
    ['a coin of nothing', { coins: coins(100_000, 0) }],
    ['a time where a height belongs', { lockTime: 1_700_000_000 }],
  ])('%s is a mistake of ours', (_, change) => expect(() => plan(order(change), wpkh)).toThrow(RangeError))
})

describe('the transaction', () => {
  const made = planned({ coins: coins(30_000, 40_000, 50_000), payees: payees(60_000, 30_000, 25_000) })
  const transaction = Transaction.fromBuffer(Psbt.fromBase64(made.psbt).data.globalMap.unsignedTx.toBuffer())

  test('is of version 2, valid after the tip, replaceable, and has its txid already', () => {
    expect(transaction.version).toBe(2)
    expect(transaction.locktime).toBe(850_000)
    expect(transaction.ins.map(({ sequence }) => sequence)).toEqual([0xfffffffd, 0xfffffffd, 0xfffffffd])
    expect(made.txid).toBe(transaction.getId())
    expect(made.lockTime).toBe(850_000)
  })

  test('is ordered by its content (BIP 69), as the plan is', () => {
    const shown = transaction.ins.map(
      ({ hash, index }) => `${Buffer.from(hash).reverse().toString('hex')}:${index}`,
    )
    expect(shown).toEqual(made.inputs.map(({ outpoint }) => outpoint))
    expect(shown).toEqual(shown.toSorted())
    const held = transaction.outs.map(({ value, script }) => ({
      units: value,
      script: Buffer.from(script).toString('hex'),
    }))
    expect(held).toEqual(
      made.outputs.map(({ units, script }) => ({ units, script: Buffer.from(script).toString('hex') })),
    )
    expect(held).toEqual(held.toSorted((a, b) => (a.units < b.units ? -1 : 1)))
  })

  test('is the same, whatever order coins and payees are handed over in', () => {
    const turned = planned({
      coins: coins(30_000, 40_000, 50_000).reverse(),
      payees: payees(60_000, 30_000, 25_000).reverse(),
    })
    expect(turned).toEqual(made)
  })

  test('two outputs of one transaction are ordered by their number, not by its digits', () => {
    const from = (vout: number): Coin => ({ ...coin(30_000), outpoint: `${txid(1)}:${vout}` })
    const outpoints = planned({ coins: [from(10), from(9)] }).inputs.map(({ outpoint }) => outpoint)
    expect(outpoints).toEqual([`${txid(1)}:9`, `${txid(1)}:10`])
  })
})

describe('the PSBT', () => {
  const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex')

  test.each([
    ['wpkh', wpkh, "m/84'/1'/0'"],
    ['tr', tr, "m/86'/1'/0'"],
  ] as const)(
    'says of %s what is spent and whose key signs, and of our change that it is ours',
    (kind, account, origin) => {
      const made = planned({ coins: [coin(100_000, 5)] }, account)
      const { data } = Psbt.fromBase64(made.psbt)
      const spent = derive(account, 'receive', 5)
      const ours = derive(account, 'change', 7)
      const [input] = data.inputs
      expect(input!.witnessUtxo).toEqual({ script: spent.script, value: 100_000n })

      const change = data.outputs[made.outputs.findIndex(({ key }) => key === undefined)]!
      const paid = data.outputs[made.outputs.findIndex(({ key }) => key !== undefined)]!
      const masterFingerprint = account.origin!.fingerprint
      if (kind === 'wpkh') {
        expect(input!.bip32Derivation).toEqual([
          { masterFingerprint, path: `${origin}/0/5`, pubkey: spent.publicKey },
        ])
        expect(change.bip32Derivation).toEqual([
          { masterFingerprint, path: `${origin}/1/7`, pubkey: ours.publicKey },
        ])
      } else {
        const [key, changeKey] = [spent.publicKey.subarray(1), ours.publicKey.subarray(1)]
        expect(hex(input!.tapInternalKey)).toBe(hex(key))
        expect(input!.tapBip32Derivation).toEqual([
          { masterFingerprint, path: `${origin}/0/5`, pubkey: key, leafHashes: [] },
        ])
        expect(hex(change.tapInternalKey)).toBe(hex(changeKey))
        expect(change.tapBip32Derivation).toEqual([
          { masterFingerprint, path: `${origin}/1/7`, pubkey: changeKey, leafHashes: [] },
        ])
      }
      expect(paid).toEqual({})
    },
  )

  test('takes the whole transactions that are spent from, where they are known and not too large together', () => {
    const before = (mark: number, padding = 0) => {
      const made = new Transaction()
      made.addInput(new Uint8Array(32).fill(mark), 0)
      made.addOutput(derive(wpkh, 'receive', 0).script, 100_000n)
      if (padding > 0) made.addOutput(new Uint8Array(padding), 0n)
      return made
    }
    const [known, unknown, large] = [before(1), before(2), before(3, 1_000_000)]
    const spent = [known, unknown, large].map((made): Coin => ({
      ...coin(100_000),
      outpoint: `${made.getId()}:0`,
    }))
    const answer = plan(order({ coins: spent, payees: [payee(250_000)] }), wpkh)
    if (answer.is !== 'planned') throw new Error(answer.is)
    const { psbt, without } = addPrevious(
      answer.plan.psbt,
      new Map([known, large].map(made => [made.getId(), made.toBuffer()])),
    )
    const read = Psbt.fromBase64(psbt)
    const shown = read.txInputs.map(({ hash }, place) => [
      hex(Uint8Array.from(hash).reverse()),
      hex(read.data.inputs[place]!.nonWitnessUtxo),
    ])
    expect(new Map(shown as [string, string | undefined][])).toEqual(
      new Map([
        [known.getId(), known.toHex()],
        [unknown.getId(), undefined],
        [large.getId(), undefined],
      ]),
    )
    expect(new Set(without)).toEqual(new Set([unknown.getId(), large.getId()]))
  })
})

describe('a replacement', () => {
  const old = planned({ coins: coins(60_000), feeRate: 2_000n })
  const replaced = { inputs: old.inputs, feeUnits: old.feeUnits, size: old.size }
  const again = (change: Partial<PlanOrder> = {}) =>
    planned({ coins: coins(60_000, 70_000), replaces: replaced, ...change })

  test('spends the same, pays the same payees, and pays for its own relaying (BIP 125, rules 3 and 4)', () => {
    const made = again()
    expect(made.inputs).toEqual(old.inputs)
    expect(made.outputs.map(({ key }) => key)).toEqual(old.outputs.map(({ key }) => key))
    expect(made.feeUnits).toBe(old.feeUnits + BigInt(made.size))
    expect(made.txid).not.toBe(old.txid)
  })

  test('pays the rate that is asked now, where that is more', () => {
    expect(again({ feeRate: 20_000n }).feeUnits).toBe(feeOf(20_000n, old.size))
  })

  test('pays a higher rate than the old one could have had with its shortest signatures', () => {
    // At a thousand satoshis a byte the shortest signatures make more of a difference than the relaying
    // costs.
    const dear = { ...replaced, feeUnits: 141_000n }
    const made = again({
      coins: coins(600_000),
      payees: payees(590_000),
      mostFeeRate: 2_000_000n,
      replaces: { ...dear, inputs: coins(600_000) },
    })
    expect(made.feeUnits).toBeGreaterThan(141_141n)
    expect(made.feeUnits * 140n).toBeGreaterThan(141_000n * BigInt(made.size))
  })

  test('spends all of the old coins though fewer would do, and more where it must', () => {
    const both = { inputs: coins(60_000, 70_000), feeUnits: 300n, size: 209 }
    expect(again({ replaces: both }).inputs).toHaveLength(2)
    expect(
      again({ coins: coins(60_000, 70_000, 80_000), payees: payees(150_000), replaces: both }).inputs,
    ).toHaveLength(3)
    // They need not be among the coins, for they are spent.
    expect(again({ coins: [], replaces: both }).inputs).toHaveLength(2)
    expect(plan(order({ coins: [], payees: payees(150_000), replaces: both }), wpkh)).toEqual({
      is: 'short',
      missing: 20_000n,
    })
  })

  test.each([
    ['wpkh', wpkh],
    ['tr', tr],
  ] as const)('of any plan of %s keeps to the rules, whatever the rates and coins are', (_, account) => {
    const satoshis = fc.integer({ min: 300_000, max: 5_000_000 })
    const rates = fc.bigInt({ min: 1_000n, max: 900_000n })
    fc.assert(
      fc.property(
        fc.array(satoshis, { minLength: 2, maxLength: 8 }),
        fc.nat(3),
        rates,
        rates,
        (held, more, before, now) => {
          const all = coins(...held, ...Array.from({ length: more }, () => 250_000))
          const owed = payees(...held.slice(0, 2).map(units => Math.floor(units * 0.9)))
          const first = plan(
            order({ coins: all, payees: owed, feeRate: before, mostFeeRate: 2_000_000n }),
            account,
          )
          fc.pre(first.is === 'planned')
          const { inputs, feeUnits, size } = (first as Extract<Planned, { is: 'planned' }>).plan
          const second = plan(
            order({
              coins: all,
              payees: owed,
              feeRate: now,
              mostFeeRate: 2_000_000n,
              replaces: { inputs, feeUnits, size },
            }),
            account,
          )
          fc.pre(second.is === 'planned')
          const made = (second as Extract<Planned, { is: 'planned' }>).plan
          expect(made.inputs).toEqual(expect.arrayContaining(inputs))
          expect(made.outputs.filter(({ key }) => key !== undefined)).toHaveLength(2)
          expect(made.feeUnits >= feeUnits + BigInt(made.size)).toBe(true)
          // Even against the old one with its shortest signatures, two bytes less an input, and the new one
          // with its longest.
          const least = (4n * BigInt(size) - (account.kind === 'wpkh' ? 2n * BigInt(inputs.length) : 0n)) / 4n
          expect(made.feeUnits * least > feeUnits * BigInt(made.size)).toBe(true)
        },
      ),
    )
  })

  test('that would have to pay more than may be paid is too dear', () => {
    expect(plan(order({ coins: coins(60_000), replaces: replaced, mostFeeRate: 2_500n }), wpkh)).toEqual({
      is: 'too dear',
      why: 'a replacement must pay 423 satoshis for 141 vB, and at most 2.5 sat/vB may be paid',
    })
  })
})
