/**
 * What the contract's tests ask a node with, whichever it is: a tiny client, keys nobody has used, and coins
 * spent by hand.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Transaction, networks, script as scripts } from 'bitcoinjs-lib'
import {
  addressOf,
  hex,
  masterKey,
  pkh,
  taprootSigner,
  tr,
  unshown,
  wpkh,
  type BIP32Interface,
} from './keys.ts'
import { startNode } from './server.ts'

export interface Engine {
  url: string
  cookieFile: string
  end(): Promise<void>
}

/** The simulated node, with an empty chain as a bitcoind has it. */
export async function startSimulated(): Promise<Engine> {
  const { url, cookieFile, close } = await startNode({ settings: { premined: 0 } })
  return { url, cookieFile, end: close }
}

// oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
export type Told = any

/** A coin with the key to it. */
export interface Held {
  txid: string
  vout: number
  units: bigint
  key: BIP32Interface
  script: Uint8Array
}

export interface Wanted {
  fee?: bigint
  to?: Uint8Array
  units?: bigint
  sequence?: number
  lockTime?: number
  /** Signs with another key than the coin's. */
  by?: BIP32Interface
}

export const regtestGenesis = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'

/** `engine` is asked for at each call, for it starts later than the tests are named. */
export function askNode(engine: () => Engine) {
  const master = masterKey(randomBytes(32), networks.regtest)

  async function post(
    body: string,
    { wallet, cookie = readFileSync(engine().cookieFile, 'utf8') }: { wallet?: string; cookie?: string } = {},
  ) {
    const answer = await fetch(wallet === undefined ? engine().url : `${engine().url}/wallet/${wallet}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(cookie).toString('base64')}` },
      body,
    })
    return { status: answer.status, text: await answer.text() }
  }
  /** The whole answer, in the older dialect. */
  async function told(
    method: string,
    params: unknown = [],
    wallet?: string,
  ): Promise<{ status: number; result: Told; error: Told }> {
    const { status, text } = await post(
      JSON.stringify({ id: 1, method, params }),
      wallet === undefined ? {} : { wallet },
    )
    return { status, ...JSON.parse(text) }
  }
  async function rpc(method: string, params: unknown = [], wallet?: string): Promise<Told> {
    const { result, error } = await told(method, params, wallet)
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`)
    return result
  }
  async function fault(
    method: string,
    params: unknown = [],
    wallet?: string,
  ): Promise<{ code: number; message: string }> {
    const { status, error } = await told(method, params, wallet)
    if (!error) throw new Error(`${method} was answered, and should have been refused`)
    if (status !== (error.code === -32601 ? 404 : 500))
      throw new Error(`${method}: HTTP ${status} for ${error.code}`)
    return error
  }
  /** To where nobody can spend it, so that no two blocks are alike. */
  const mine = (blocks = 1): Promise<string[]> =>
    rpc('generatetodescriptor', [blocks, `raw(6a08${randomBytes(8).toString('hex')})`])

  let nextIndex = 0
  /** A key nobody has used yet, with its address. */
  function fresh(purpose: 84 | 86 = 84) {
    const path = `m/${purpose}'/1'/0'/0/${nextIndex++}`
    const key = master.derivePath(path)
    const script = purpose === 84 ? wpkh(key.publicKey) : tr(key.publicKey)
    return { key, script, address: addressOf(script, networks.regtest)! }
  }
  /** Pays a fresh key, unconfirmed. */
  async function fund(amount: number, purpose: 84 | 86 = 84): Promise<Held & { address: string }> {
    const mineOwn = fresh(purpose)
    const txid = await rpc('sendtoaddress', [mineOwn.address, amount], 'miner')
    const { vout } = await rpc('getrawtransaction', [txid, true])
    const at = vout.findIndex((output: Told) => output.scriptPubKey.hex === hex(mineOwn.script))
    return { ...mineOwn, txid, vout: at, units: BigInt(Math.round(vout[at].value * 1e8)) }
  }
  /** One coin, one output: what is not fee goes to `to`. */
  function spend(
    coin: Held,
    {
      fee = 1_000n,
      to = coin.script,
      units = coin.units - fee,
      sequence = 0xfffffffd,
      lockTime = 0,
      by = coin.key,
    }: Wanted = {},
  ) {
    const transaction = new Transaction()
    transaction.version = 2
    transaction.locktime = lockTime
    transaction.addInput(unshown(coin.txid), coin.vout, sequence)
    transaction.addOutput(to, units)
    if (coin.script[0] === 0x51) {
      transaction.setWitness(0, [
        taprootSigner(by).signSchnorr(transaction.hashForWitnessV1(0, [coin.script], [coin.units], 0)),
      ])
    } else {
      const digest = transaction.hashForWitnessV0(0, pkh(by.publicKey), coin.units, 1)
      transaction.setWitness(0, [scripts.signature.encode(by.sign(digest, true), 1), by.publicKey])
    }
    return transaction
  }
  const send = (transaction: Transaction) => rpc('sendrawtransaction', [transaction.toHex(), 0])
  const refused = (transaction: Transaction) => fault('sendrawtransaction', [transaction.toHex(), 0])
  const mempool = (): Promise<string[]> => rpc('getrawmempool')

  /** A wallet with ripe coins: the first thing on a fresh chain. */
  async function furnish(): Promise<void> {
    await rpc('createwallet', ['miner'])
    await rpc('generatetoaddress', [110, await rpc('getnewaddress', ['', 'bech32'], 'miner')])
  }

  return { post, told, rpc, fault, mine, fresh, fund, spend, send, refused, mempool, furnish }
}
