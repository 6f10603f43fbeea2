/**
 * Reads what somebody hands back: a PSBT of either version (BIP 174, BIP 370) or a raw transaction, in hex or
 * base64.
 */
import { Transaction as PsbtReader } from '@scure/btc-signer'
import { Transaction } from 'bitcoinjs-lib'
import type { Outpoint, SignedFault, TxOutput } from '../chain.ts'

/** What it says, nothing of it believed yet. */
export interface Handed {
  txid: string
  version: number
  lockTime: number
  inputs: HandedInput[]
  outputs: TxOutput[]
}

export interface HandedInput {
  outpoint: Outpoint
  sequence: number
  /** Not empty in a finished transaction that unlocks in the way of before segwit. */
  script: Uint8Array
  /** Empty where it is not finished. */
  witness: Uint8Array[]
  /** ECDSA signatures with the keys they are said to be of. */
  partial: { key: Uint8Array; signature: Uint8Array }[]
  /** Schnorr signature of a taproot key path (BIP 371). */
  taproot: Uint8Array | undefined
}

/**
 * In characters: a block's worth of raw transaction in hex is eight million, and no transaction of ours comes
 * near.
 */
export const maxText = 4_000_000

/** A fault repeats no word of the text: somebody may have pasted a key. */
export function readHanded(text: string): { is: 'handed'; handed: Handed } | SignedFault {
  if (text.length > maxText) return { is: 'too-long', characters: text.length, maxCharacters: maxText }
  const packed = text.replace(/\s+/g, '')
  if (packed === '') return { is: 'empty' }
  const bytes = decode(packed)
  if (!bytes) return { is: 'not-encoded' }
  const isPsbt = magic.every((byte, place) => bytes[place] === byte)
  try {
    return { is: 'handed', handed: isPsbt ? readPsbt(bytes) : readRaw(bytes) }
  } catch {
    // Both libraries throw on bytes they cannot read, and what they say of them is no use to whoever pasted
    // them.
    return { is: isPsbt ? 'broken-psbt' : 'no-transaction' }
  }
}

/** `psbt` and 0xff. */
const magic = [0x70, 0x73, 0x62, 0x74, 0xff]

function decode(packed: string): Uint8Array | undefined {
  if (packed.length % 2 === 0 && /^[0-9a-f]+$/i.test(packed)) return Buffer.from(packed, 'hex')
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return Buffer.from(packed, 'base64')
  return undefined
}

/** By @scure/btc-signer, for bitcoinjs-lib does not read version 2. */
function readPsbt(bytes: Uint8Array): Handed {
  // What is foreign in it is read all the same, so that it can be said what is foreign.
  const psbt = PsbtReader.fromPSBT(bytes, {
    allowUnknownOutputs: true,
    allowUnknownInputs: true,
    allowUnknownVersion: true,
    allowLegacyWitnessUtxo: true,
    disableScriptCheck: true,
  })
  return {
    txid: psbt.id,
    version: psbt.version,
    lockTime: psbt.lockTime,
    inputs: Array.from({ length: psbt.inputsLength }, (_, place) => {
      const { txid, index, sequence, finalScriptSig, finalScriptWitness, partialSig, tapKeySig } =
        psbt.getInput(place)
      return {
        outpoint: `${Buffer.from(txid!).toString('hex')}:${index!}`,
        sequence: sequence ?? Transaction.DEFAULT_SEQUENCE,
        script: finalScriptSig ?? new Uint8Array(),
        witness: finalScriptWitness ?? [],
        partial: (partialSig ?? []).map(([key, signature]) => ({ key, signature })),
        taproot: tapKeySig,
      }
    }),
    outputs: Array.from({ length: psbt.outputsLength }, (_, place) => {
      const { amount, script } = psbt.getOutput(place)
      return { units: amount!, script: script! }
    }),
  }
}

function readRaw(bytes: Uint8Array): Handed {
  const transaction = Transaction.fromBuffer(bytes)
  const { version, locktime, ins, outs } = transaction
  return {
    txid: transaction.getId(),
    version,
    lockTime: locktime,
    inputs: ins.map(({ hash, index, sequence, script, witness }) => ({
      outpoint: `${Buffer.from(hash).reverse().toString('hex')}:${index}`,
      sequence,
      script,
      witness,
      partial: [],
      taproot: undefined,
    })),
    outputs: outs.map(({ value, script }) => ({ units: value, script })),
  }
}
