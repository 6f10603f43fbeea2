/** Holds what a person or a wallet hands back against the transaction that was asked to be signed. */
import { crypto, payments, Psbt, script as scripts, Transaction } from 'bitcoinjs-lib'
import { secp256k1 } from './libsecp256k1.ts'
import type { NetworkName, Outpoint, Paying, Plan, Signed, SignedFault, TxOutput } from '../chain.ts'
import { addressOf } from './address.ts'
import './ecc.ts'
import { readHanded, type Handed, type HandedInput } from './handed.ts'
import { verifySchnorr } from './schnorr.ts'

/**
 * The outputs, inputs, lock time and version must be those that were asked for, and every signature must bind
 * all of them and verify. The transaction answered is then put together from what we asked and from the
 * signatures alone, so that nothing else of the text can reach the network. What some signatures are missing
 * from comes back as the asked PSBT with the good ones in it, for the next person to sign. Throws where the
 * plan itself is not one of ours, never for what the text holds.
 */
export function readSigned(text: string, plan: Pick<Plan, 'txid' | 'psbt'>, network: NetworkName): Signed {
  const read = readHanded(text)
  if (read.is !== 'handed') return { is: 'wrong', fault: read }
  const { handed } = read
  const asked = readAsked(plan)
  const fault = difference(handed, asked, network)
  if (fault) return { is: 'wrong', fault }

  const judged = asked.inputs.map((input, place) => judge(asked, place, handed.inputs[place]!))
  for (const one of judged) if (one.is === 'wrong') return one
  const good = judged.map((one, place) =>
    one.is === 'good' ? one : judge(asked, place, asked.inputs[place]!),
  )
  return finish(plan, asked, good)
}

/** What was asked: read as what is handed back is, and what each input spends. */
interface Asked extends Handed {
  transaction: Transaction
  spent: { script: Uint8Array; value: bigint }[]
}

/** How one input is signed: the witness that unlocks it, and the same as PSBTs say it. */
type Judged =
  | {
      is: 'good'
      witness: Uint8Array[]
      fields: { partialSig: { pubkey: Uint8Array; signature: Uint8Array }[] } | { tapKeySig: Uint8Array }
    }
  | { is: 'missing' }
  | { is: 'wrong'; fault: SignedFault }

function readAsked({ txid, psbt }: Pick<Plan, 'txid' | 'psbt'>): Asked {
  const { data } = Psbt.fromBase64(psbt)
  const read = readHanded(psbt)
  const spent = data.inputs.flatMap(({ witnessUtxo }) => witnessUtxo ?? [])
  const handed = read.is === 'handed' && read.handed.txid === txid ? read.handed : undefined
  if (spent.length !== handed?.inputs.length)
    throw new Error(`the PSBT kept for ${txid} is not the one that was planned`)
  return { ...handed, transaction: Transaction.fromBuffer(data.globalMap.unsignedTx.toBuffer()), spent }
}

/**
 * Why it is another transaction, the plainest reason first; undefined where it is the one that was asked for.
 */
function difference(handed: Handed, asked: Handed, network: NetworkName): SignedFault | undefined {
  const ours = new Set(asked.inputs.map(({ outpoint }) => outpoint))
  const foreign = handed.inputs.filter(({ outpoint }) => !ours.has(outpoint))
  if (foreign.length === handed.inputs.length)
    return { is: 'another-transaction', txid: handed.txid, asked: asked.txid }
  if (foreign.length > 0) return { is: 'inputs-added', outpoints: outpointsOf(foreign) }
  const theirs = new Set(handed.inputs.map(({ outpoint }) => outpoint))
  const missing = asked.inputs.filter(({ outpoint }) => !theirs.has(outpoint))
  if (missing.length > 0) return { is: 'inputs-missing', outpoints: outpointsOf(missing) }

  const outputs = outputDifference(handed, asked, network)
  if (outputs) return outputs
  if (handed.lockTime !== asked.lockTime)
    return { is: 'lock-time', found: handed.lockTime, asked: asked.lockTime }
  if (handed.version !== asked.version) return { is: 'version', found: handed.version, asked: asked.version }
  if (handed.inputs.length !== asked.inputs.length)
    return { is: 'input-count', found: handed.inputs.length, asked: asked.inputs.length }
  for (const [input, { outpoint, sequence, script }] of handed.inputs.entries()) {
    const right = asked.inputs[input]!
    if (outpoint !== right.outpoint) return { is: 'input-order' }
    if (sequence !== right.sequence) return { is: 'sequence', input, found: sequence, asked: right.sequence }
    if (script.length > 0) return { is: 'legacy-script', input }
  }
  return undefined
}

function outputDifference(
  { outputs: handed }: Handed,
  { outputs: asked }: Handed,
  network: NetworkName,
): SignedFault | undefined {
  const paying = ({ units, script }: TxOutput): Paying => ({
    units,
    to: addressOf(script, network) ?? `script ${Buffer.from(script).toString('hex').slice(0, 80)}`,
  })
  for (const [output, right] of asked.entries()) {
    const found = handed[output]
    if (!found) return { is: 'output-missing', output, asked: paying(right) }
    const both = { output, pays: paying(found), asked: paying(right) }
    if (Buffer.compare(found.script, right.script) !== 0) return { is: 'output-elsewhere', ...both }
    if (found.units !== right.units) return { is: 'output-amount', ...both }
  }
  const added = handed[asked.length]
  return added && { is: 'output-added', pays: paying(added) }
}

const outpointsOf = (inputs: readonly { outpoint: Outpoint }[]) => inputs.map(({ outpoint }) => outpoint)

function judge(asked: Asked, place: number, input: HandedInput): Judged {
  const { script } = asked.spent[place]!
  return script[0] === 0 ? judgeEcdsa(asked, place, input) : judgeSchnorr(asked, place, input)
}

/**
 * BIP 143: a signature in strict DER with its hash type (BIP 66), and the key whose hash the address is (BIP
 * 141).
 */
function judgeEcdsa({ transaction, spent }: Asked, place: number, { witness, partial }: HandedInput): Judged {
  const { script, value } = spent[place]!
  const given =
    witness.length > 0 ? [{ signature: witness[0]!, key: witness[1] ?? new Uint8Array() }] : partial
  if (given.length === 0) return { is: 'missing' }
  const ours = given.find(
    ({ key }) => key.length === 33 && Buffer.compare(crypto.hash160(key), script.subarray(2)) === 0,
  )
  if (!ours || witness.length > 2) return wrong({ is: 'other-key', input: place })
  const { signature, key } = ours
  const type = signature.at(-1)
  if (type !== Transaction.SIGHASH_ALL) return looseType(place, type)
  if (!scripts.isCanonicalScriptSignature(signature)) return wrong({ is: 'loose-encoding', input: place })

  const code = payments.p2pkh({ hash: script.subarray(2) }).output!
  const hash = transaction.hashForWitnessV0(place, code, value, type)
  if (!verifyEcdsa(signature, hash, key)) return wrong({ is: 'bad-signature', input: place })
  return { is: 'good', witness: [signature, key], fields: { partialSig: [{ pubkey: key, signature }] } }
}

/**
 * The library takes a low s alone, as nodes do when they pass transactions on (BIP 146), and throws where r
 * or s is no number of the curve.
 */
function verifyEcdsa(signature: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean {
  try {
    return secp256k1.ecdsaVerify(scripts.signature.decode(signature).signature, hash, key)
  } catch {
    return false
  }
}

/**
 * BIP 341: one signature for the key the address shows, 64 bytes where its hash type is the default, else
 * with it as a 65th.
 */
function judgeSchnorr(
  { transaction, spent }: Asked,
  place: number,
  { witness, taproot }: HandedInput,
): Judged {
  const signature = witness[0] ?? taproot
  if (!signature) return { is: 'missing' }
  const type = signature.length === 65 ? signature[64]! : Transaction.SIGHASH_DEFAULT
  if (witness.length > 1 || (signature.length !== 64 && signature.length !== 65))
    return wrong({ is: 'not-key-alone', input: place })
  if (signature.length === 65 && type !== Transaction.SIGHASH_ALL) return looseType(place, type)

  const [spentScripts, values] = [spent.map(({ script }) => script), spent.map(({ value }) => value)]
  const hash = transaction.hashForWitnessV1(place, spentScripts, values, type)
  if (!verifySchnorr(signature.subarray(0, 64), hash, spent[place]!.script.subarray(2)))
    return wrong({ is: 'bad-signature', input: place })
  return { is: 'good', witness: [signature], fields: { tapKeySig: signature } }
}

const wrong = (fault: SignedFault): Judged => ({ is: 'wrong', fault })

/**
 * Any other hash type leaves somebody room to change the transaction after it was signed (BIP 143, BIP 341).
 */
function looseType(input: number, type: number | undefined): Judged {
  const name = { 1: 'SIGHASH_ALL', 2: 'SIGHASH_NONE', 3: 'SIGHASH_SINGLE' }[(type ?? 0) & 0x7f]
  return wrong({
    is: 'hash-type',
    input,
    type: name ? `${name}${type! & 0x80 ? '|ANYONECANPAY' : ''}` : type,
  })
}

function finish(
  { txid, psbt }: Pick<Plan, 'txid' | 'psbt'>,
  { transaction }: Asked,
  judged: readonly Judged[],
): Signed {
  if (judged.every(one => one.is === 'good')) {
    for (const [place, { witness }] of judged.entries()) transaction.setWitness(place, witness)
    return { is: 'signed', txid, raw: transaction.toBuffer() }
  }
  const merged = Psbt.fromBase64(psbt)
  for (const [place, one] of judged.entries()) {
    const { partialSig, tapKeySig } = merged.data.inputs[place]!
    if (one.is === 'good' && !partialSig && !tapKeySig) merged.updateInput(place, one.fields)
  }
  return { is: 'incomplete', psbt: merged.toBase64() }
}
