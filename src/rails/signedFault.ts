/** What is wrong with what was handed back signed, as commands say it and as it is kept. */
import type { WordsOf } from '../base/refusal.ts'
import { wordRefusal } from '../base/refusal.ts'
import type { Paying, SignedFault } from './chain.ts'

const satoshis = ({ units, to }: Paying) => `${units} satoshis to ${to}`
const asks = ({ units, to }: Paying) => `${units} to ${to} were asked for`
const names = (outpoints: readonly string[]): string =>
  outpoints.slice(0, 3).join(', ') + (outpoints.length > 3 ? ` and ${outpoints.length - 3} more` : '')

const words: WordsOf<SignedFault> = {
  'too-long': ({ characters, maxCharacters }) =>
    `it is ${characters} characters long, and at most ${maxCharacters} are read`,
  empty: () => 'it is empty',
  'not-encoded': () =>
    'it is neither hex nor base64; hand back a PSBT in base64 or hex, or a raw transaction in hex',
  'broken-psbt': () =>
    'it begins like a PSBT and cannot be read as one (BIP 174, BIP 370); a part may be missing, so copy it again',
  'no-transaction': () =>
    'it is neither a PSBT nor a raw transaction; a part may be missing, so copy it again',
  'another-transaction': ({ txid, asked }) => `it is another transaction, ${txid}; ${asked} was asked for`,
  'inputs-added': ({ outpoints }) => `it also spends ${names(outpoints)}, which was not asked for`,
  'inputs-missing': ({ outpoints }) => `it does not spend ${names(outpoints)}, which was asked for`,
  'lock-time': ({ found, asked }) => `its lock time is ${found}; ${asked} was asked for`,
  version: ({ found, asked }) => `its version is ${found}; ${asked} was asked for`,
  'input-count': ({ found, asked }) => `it has ${found} inputs; ${asked} were asked for`,
  'input-order': () => 'its inputs are in another order',
  sequence: ({ input, found, asked }) => `input ${input} has sequence ${found}; ${asked} was asked for`,
  'legacy-script': ({ input }) =>
    `input ${input} is unlocked by a script of before segwit, which our addresses do not have`,
  'output-missing': ({ output, asked }) => `output ${output}, ${satoshis(asked)}, is missing`,
  'output-elsewhere': ({ output, pays, asked }) => `output ${output} pays ${satoshis(pays)}; ${asks(asked)}`,
  'output-amount': ({ output, pays: { units }, asked }) => {
    const more = units - asked.units
    const differs = more > 0n ? `${more} too many` : `${-more} too few`
    return `output ${output} pays ${units} satoshis, ${differs}; ${asks(asked)}`
  },
  'output-added': ({ pays }) => `it has an output too many, ${satoshis(pays)}`,
  'other-key': ({ input }) => `input ${input} is signed with a key that is not the one of its address`,
  'loose-encoding': ({ input }) => `input ${input} has a signature that is not in strict DER (BIP 66)`,
  'not-key-alone': ({ input }) => `input ${input} is not unlocked by its key alone`,
  'hash-type': ({ input, type }) => {
    const name = typeof type === 'string' ? type : `the hash type ${type}`
    return `input ${input} is signed with ${name}, and all of it must be signed (SIGHASH_ALL or default)`
  },
  'bad-signature': ({ input }) =>
    `input ${input} has a signature that does not verify: it was made with another key, or for another amount or transaction`,
  'plan-unreadable': ({ said }) => `what was asked cannot be read any more: ${said}`,
}

export const signedFaultText = (fault: SignedFault): string => wordRefusal(words, fault)!
