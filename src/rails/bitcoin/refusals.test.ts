/** Each refusal of a node, in the words it uses, and what it means for the bundle that was sent. */
import { describe, expect, test } from 'vitest'
import { sendFault } from './nodeAnswers.ts'
import { refusals, type Meaning } from './refusals.ts'

const txid = 'ab'.repeat(32)

const words: readonly { means: Meaning; code?: number; message: string }[] = [
  { means: 'known', code: -27, message: 'Transaction outputs already in utxo set' },
  { means: 'known', code: -27, message: 'Transaction already in block chain' },
  { means: 'known', message: 'txn-already-in-mempool' },
  { means: 'known', message: 'txn-already-known' },
  { means: 'known', message: 'txn-same-nonwitness-data-in-mempool' },
  { means: 'heals', message: 'min relay fee not met, 100 < 110' },
  { means: 'heals', message: 'mempool min fee not met, 154 < 1540' },
  { means: 'heals', message: 'mempool full' },
  {
    means: 'heals',
    message: `insufficient fee, rejecting replacement ${txid}; new feerate 0.00001 BTC/kvB <= old feerate 0.00002 BTC/kvB`,
  },
  {
    means: 'heals',
    message: `insufficient fee, rejecting replacement ${txid}, less fees than conflicting txs; 0.000014 < 0.000015`,
  },
  { means: 'heals', message: 'replacement-failed, insufficient feerate: does not improve feerate diagram' },
  {
    means: 'heals',
    message: `too many potential replacements, rejecting replacement ${txid}; too many potential replacements (101 > 100)`,
  },
  {
    means: 'heals',
    message: `replacement-adds-unconfirmed, replacement ${txid} adds unconfirmed input, idx 1`,
  },
  {
    means: 'heals',
    message: `bad-txns-spends-conflicting-tx, ${txid} spends conflicting transaction ${txid}`,
  },
  { means: 'heals', message: 'txn-mempool-conflict' },
  { means: 'heals', message: 'too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]' },
  { means: 'heals', message: 'too-large-cluster' },
  { means: 'heals', message: 'package-mempool-limits, possibly exceeds descendant count limit' },
  { means: 'heals', message: 'bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 1' },
  { means: 'heals', message: 'non-final' },
  { means: 'heals', message: 'non-BIP68-final' },
  // The node's own troubles: out of memory, no peers.
  { means: 'heals', code: -7, message: 'Out of memory' },
  { means: 'heals', code: -9, message: 'Bitcoin is not connected!' },
  { means: 'person', code: -25, message: 'bad-txns-inputs-missingorspent' },
  { means: 'person', code: -25, message: 'Missing inputs' },
  {
    means: 'person',
    message:
      'mempool-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)',
  },
  { means: 'person', message: 'non-mandatory-script-verify-flag (Witness program hash mismatch)' },
  {
    means: 'person',
    message: 'mandatory-script-verify-flag-failed (Witness program was passed an empty witness)',
  },
  { means: 'person', message: 'dust' },
  { means: 'person', message: 'dust, tx with dust output must be 0-fee' },
  { means: 'person', message: 'bad-txns-in-belowout, value in (0.02) < value out (0.03)' },
  { means: 'person', message: 'tx-size' },
  { means: 'person', message: 'scriptpubkey' },
  { means: 'person', message: 'bad-witness-nonstandard' },
  { means: 'person', message: 'TRUC-violation' },
  { means: 'person', code: -22, message: 'TX decode failed. Make sure the tx has at least one input.' },
  { means: 'person', message: 'something a later version says' },
]

const meaningOf = (code: number, message: string): Meaning => {
  const answer = sendFault({ is: 'fault', code, message })
  return answer.is === 'done' ? 'known' : answer.is === 'refused' && answer.again ? 'heals' : 'person'
}

describe('a refusal', () => {
  test.each(words.map(({ code = -26, ...rest }) => ({ code, ...rest, name: rest.message.slice(0, 50) })))(
    '"$name" is $means',
    ({ code, message, means }) => {
      expect(meaningOf(code, message)).toBe(means)
    },
  )

  test('of every row in the table is among them', () => {
    expect(
      refusals
        .filter(({ says }) => !words.some(({ message }) => says.test(message)))
        .map(({ says }) => says.source),
    ).toEqual([])
  })
})
