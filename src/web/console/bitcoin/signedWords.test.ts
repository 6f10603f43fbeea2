/** What is wrong with a signature is said with the same facts in both languages. */
import { expect, test } from 'vitest'
import type { SignedFault } from '../../../rails/chain.ts'
import { signedFaultIn } from './signedWords.ts'

const asked = { units: 20_000_000n, to: 'bc1qasked' }
const pays = { units: 30_000_000n, to: 'bc1qother' }
const faults: SignedFault[] = [
  { is: 'too-long', characters: 41, maxCharacters: 40 },
  { is: 'empty' },
  { is: 'not-encoded' },
  { is: 'broken-psbt' },
  { is: 'no-transaction' },
  { is: 'another-transaction', txid: 'aa11', asked: 'bb22' },
  { is: 'inputs-added', outpoints: ['aa11:0', 'bb22:1', 'cc33:2', 'dd44:3'] },
  { is: 'inputs-missing', outpoints: ['aa11:0'] },
  { is: 'lock-time', found: 31, asked: 30 },
  { is: 'version', found: 3, asked: 2 },
  { is: 'input-count', found: 5, asked: 4 },
  { is: 'input-order' },
  { is: 'sequence', input: 6, found: 13, asked: 12 },
  { is: 'legacy-script', input: 6 },
  { is: 'output-missing', output: 1, asked },
  { is: 'output-elsewhere', output: 1, pays, asked },
  { is: 'output-amount', output: 1, pays, asked },
  { is: 'output-added', pays },
  { is: 'other-key', input: 6 },
  { is: 'loose-encoding', input: 6 },
  { is: 'not-key-alone', input: 6 },
  { is: 'hash-type', input: 6, type: 'SIGHASH_NONE|ANYONECANPAY' },
  { is: 'hash-type', input: 6, type: 9 },
  { is: 'bad-signature', input: 6 },
  { is: 'plan-unreadable', said: 'zz99' },
]

/** Numbers, names and ids, but for amounts, which each writes its own way. */
const factsOf = (text: string) =>
  (
    text
      .replaceAll(/BIP \d+|₿?\s?\d+[.,]\d{8}\s?(BTC|₿)?|\d{8,} satoshis|\d+ too many|(?<=; )\d{8,}/g, '')
      .match(/[a-z]{2}\d\d(?::\d)?|bc1\w+|SIGHASH_[A-Z|]+|\d+/g) ?? []
  ).toSorted()

test.each(faults.map(fault => [fault.is, fault] as const))('%s', (_, fault) => {
  const [portuguese, english] = [signedFaultIn('pt-BR', fault), signedFaultIn('en', fault)]
  expect(portuguese).not.toMatch(/\b(?:the|is|was|it|and|not|asked|input|output|signed)\b/)
  expect(portuguese).not.toBe(english)
  for (const fact of factsOf(english)) expect(factsOf(portuguese)).toContain(fact)
})
