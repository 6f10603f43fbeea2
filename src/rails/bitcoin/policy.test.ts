/** The signing policy is read strictly, and asked of what the PSBT says. */
import { Psbt } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import { wallet } from '../../../test/testbed/wallet.ts'
import { BadInput } from '../../base/answer.ts'
import type { ChainRail, Coin, Plan } from '../chain.ts'
import { derive } from './descriptor.ts'
import { plan } from './plan.ts'
import { checkPolicy, readPolicy } from './policy.ts'

const theirs = wallet('wpkh', 'regtest', 2).account
const allowed = derive(theirs, 'receive', 3)

describe('read', () => {
  test('amounts are BTC, destinations addresses and descriptors', () => {
    const text = JSON.stringify({
      maxPerDay: '0.50000000',
      maxPerTransaction: '0.1',
      allow: [allowed.address],
    })
    const policy = readPolicy(text, 'regtest')
    expect(policy.mostUnitsPerDay).toBe(50_000_000n)
    expect(policy.mostUnitsPerTransaction).toBe(10_000_000n)
    expect(policy.allowed?.has(allowed.script)).toBe(true)
    expect(policy.allowed?.has(derive(theirs, 'receive', 4).script)).toBe(false)
  })

  test('of a descriptor the first ten thousand receiving addresses are allowed', () => {
    const { allowed: those } = readPolicy(JSON.stringify({ allow: [theirs.text] }), 'regtest')
    const has = (index: number, branch: 'receive' | 'change' = 'receive') =>
      those?.has(derive(theirs, branch, index).script)
    expect([has(0), has(9_999), has(10_000), has(0, 'change')]).toEqual([true, true, false, false])
  })

  test('what is not named does not bind, and an empty list allows nobody', () => {
    expect(readPolicy('{}', 'regtest')).toEqual({})
    expect(readPolicy('{"allow": []}', 'regtest').allowed?.has(allowed.script)).toBe(false)
  })

  test.each([
    ['no JSON', 'maxPerDay: 1', /no JSON/],
    ['a list', '[]', /the signing policy is not right/],
    ['a field it does not know', '{"maxPerday": "1"}', /maxPerday/],
    ['a number for an amount', '{"maxPerDay": 0.5}', /maxPerDay is not right/],
    [
      'an amount with too many decimals',
      '{"maxPerDay": "0.000000001"}',
      /maxPerDay "0.000000001" is no amount in BTC/,
    ],
    ['a negative amount', '{"maxPerTransaction": "-1"}', /maxPerTransaction "-1"/],
    [
      'an address of another network',
      '{"allow": ["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"]}',
      /the signing policy’s allow: bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq is an address of mainnet/,
    ],
    ['a descriptor without a checksum', JSON.stringify({ allow: [theirs.text.split('#')[0]] }), /checksum/],
    ['something else in the list', '{"allow": [1]}', /allow\.0 is not right/],
  ])('%s is refused with what would be right', (_, text, said) => {
    expect(() => readPolicy(text, 'regtest')).toThrow(BadInput)
    expect(() => readPolicy(text, 'regtest')).toThrow(said)
  })
})

describe.each(['wpkh', 'tr'] as const)('asked of %s', kind => {
  const { account } = wallet(kind, 'regtest', 1)
  const rail: Pick<ChainRail, 'derive' | 'network'> = {
    network: 'regtest',
    derive: (branch, index) => derive(account, branch, index),
  }
  const check = (made: Pick<Plan, 'psbt'>, policy: Parameters<typeof checkPolicy>[1], spent = 0n) =>
    checkPolicy(made, policy, spent, rail)

  const coin: Coin = { outpoint: `${'ab'.repeat(32)}:0`, units: 1_000_000n, branch: 'receive', index: 0 }
  const pays = (script: Uint8Array) => {
    const payees = [{ key: 'pay_1', units: 400_000n, script }]
    const answer = plan(
      { coins: [coin], payees, feeRate: 2_000n, mostFeeRate: 9_000n, change: { index: 5 }, lockTime: 1 },
      account,
    )
    if (answer.is !== 'planned') throw new Error(answer.is)
    return answer.plan
  }
  const made = pays(allowed.script)
  const only = readPolicy(JSON.stringify({ allow: [allowed.address] }), 'regtest').allowed!

  test('what is allowed passes, our own change with it', () => {
    expect(made.outputs).toHaveLength(2)
    expect(check(made, { allowed: only })).toBeUndefined()
    expect(check(made, {})).toBeUndefined()
  })

  test('a destination that is not on the list is named', () => {
    const { address, script } = derive(theirs, 'receive', 8)
    expect(check(pays(script), { allowed: only })).toMatch(
      `to ${address}, which the signing policy does not allow`,
    )
  })

  test('what leaves us with its fee may not be over the cap, and just the cap may', () => {
    expect(check(made, { mostUnitsPerTransaction: 400_000n })).toBeUndefined()
    expect(check(made, { mostUnitsPerTransaction: 399_999n })).toBe(
      'it spends 0.00400000 BTC with its fee, and the signing policy allows 0.00399999 BTC at once',
    )
  })

  test('what was spent today counts', () => {
    expect(check(made, { mostUnitsPerDay: 1_000_000n }, 600_000n)).toBeUndefined()
    expect(check(made, { mostUnitsPerDay: 1_000_000n }, 600_001n)).toBe(
      'it spends 0.00400000 BTC with its fee, 0.00600001 BTC were spent today, and the signing policy allows 0.01000000 BTC a day',
    )
  })

  test('an output that only says it is our change is a stranger’s [security 4]', () => {
    const psbt = Psbt.fromBase64(made.psbt)
    const place = made.outputs.findIndex(({ key }) => key === undefined)
    const lying = new Psbt()
    const stranger = derive(theirs, 'receive', 9)
    lying.addInput({ ...psbt.data.inputs[0]!, ...psbt.txInputs[0]!, sequence: psbt.txInputs[0]!.sequence! })
    // The library would notice the taproot key; the derivation alone is what is lied with.
    const { bip32Derivation = [], tapBip32Derivation = [] } = psbt.data.outputs[place]!
    lying.addOutput({ script: stranger.script, value: 900_000n })
    lying.updateOutput(0, { bip32Derivation, tapBip32Derivation })
    expect(check({ psbt: lying.toBase64() }, { allowed: only })).toMatch(`to ${stranger.address}`)
    expect(check({ psbt: lying.toBase64() }, { mostUnitsPerTransaction: 500_000n })).toMatch(
      'it spends 0.01000000 BTC',
    )
  })

  test('what does not say what its inputs hold is not signed', () => {
    const blind = new Psbt()
      .addInput({ hash: 'ab'.repeat(32), index: 0 })
      .addOutput({ script: allowed.script, value: 1_000n })
    expect(check({ psbt: blind.toBase64() }, {})).toBe('it does not say what each of its inputs holds')
  })
})
