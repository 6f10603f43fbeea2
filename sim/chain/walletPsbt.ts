/**
 * What a wallet of the node does to a PSBT: fills in what it knows, signs what is its own, finalises what is
 * signed.
 */
import { Psbt, toXOnly } from 'bitcoinjs-lib'
import { inBlock } from './nodeMethods.ts'
import { shown, taprootSigner } from './keys.ts'
import type { Node } from './node.ts'
import { codes, refuse } from './refusal.ts'
import type { OwnKey } from './accounts.ts'
import type { Wallet } from './wallet.ts'

export interface PsbtOptions {
  sign: boolean
  derivations: boolean
  finalize: boolean
}

/** `walletprocesspsbt`: complete when every input is final, and `hex` only then. */
export function processPsbt(
  node: Node,
  wallet: Wallet,
  text: string,
  options: PsbtOptions,
): { psbt: string; complete: boolean; hex?: string } {
  const psbt = read(text, node)
  psbt.txInputs.forEach(({ hash, index: vout }, index) => {
    if (isFinal(psbt, index)) return
    const outpoint = `${shown(hash)}:${vout}` as const
    const coin = node.branches.coins.get(outpoint) ?? node.mempool.coins.get(outpoint)
    const given = psbt.data.inputs[index]!
    const script = coin?.script ?? given.witnessUtxo?.script
    if (coin && !given.witnessUtxo)
      psbt.updateInput(index, { witnessUtxo: { script: coin.script, value: coin.units } })
    const own = script && wallet.keyOf(script)
    if (!own) return
    const { key, kind } = own
    if (kind === 'bech32m') {
      if (!given.tapInternalKey) psbt.updateInput(index, { tapInternalKey: toXOnly(key.publicKey) })
    } else {
      const previous = given.nonWitnessUtxo ? undefined : transactionOf(node, shown(hash), coin?.height)
      if (previous) psbt.updateInput(index, { nonWitnessUtxo: previous.toBuffer() })
      if (options.derivations && !given.bip32Derivation)
        psbt.updateInput(index, { bip32Derivation: [derivation(own)] })
    }
    if (!options.sign || key.isNeutered()) return
    try {
      if (!given.partialSig && !given.tapKeySig)
        psbt.signInput(index, kind === 'bech32' ? lowSigner(own) : taprootSigner(key))
    } catch (fault) {
      refuse(
        codes.decode,
        `Specified sighash value does not match value stored in PSBT (${(fault as Error).message})`,
      )
    }
    if (options.finalize) psbt.finalizeInput(index)
  })
  psbt.txOutputs.forEach(({ script }, index) => {
    const own = options.derivations ? wallet.keyOf(script) : undefined
    if (own?.kind === 'bech32' && !psbt.data.outputs[index]!.bip32Derivation) {
      psbt.updateOutput(index, { bip32Derivation: [derivation(own)] })
    }
  })
  const complete = psbt.txInputs.every((_, index) => isFinal(psbt, index))
  return { psbt: psbt.toBase64(), complete, ...(complete && { hex: psbt.extractTransaction(true).toHex() }) }
}

function read(text: string, node: Node): Psbt {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0)
    return refuse(codes.decode, 'TX decode failed invalid base64')
  try {
    return Psbt.fromBase64(text, { network: node.network() })
  } catch (fault) {
    return refuse(codes.decode, `TX decode failed ${(fault as Error).message}`)
  }
}

const isFinal = (psbt: Psbt, index: number) => psbt.data.inputs[index]!.finalScriptWitness !== undefined

const derivation = ({ key, path, fingerprint }: OwnKey) => ({
  masterFingerprint: fingerprint,
  path,
  pubkey: key.publicKey,
})

const lowSigner = ({ key }: OwnKey) => ({
  publicKey: key.publicKey,
  sign: (hash: Uint8Array) => key.sign(hash, true),
})

const transactionOf = (node: Node, txid: string, height: number | undefined) => {
  const waiting = node.mempool.get(txid)?.transaction
  if (waiting || height === undefined || height < 0) return waiting
  return inBlock(node.branches.at(height)!, txid)
}
