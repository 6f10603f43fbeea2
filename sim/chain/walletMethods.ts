/** The RPCs of wallets, in Bitcoin Core's shapes. */
import { importedAccount, type ImportRequest, type Kind } from './accounts.ts'
import { boolean, hashText, list, number, payTo, satoshis, string, type Method } from './asked.ts'
import { submit, usualCap } from './broadcast.ts'
import { outpointOf } from './coins.ts'
import { describeScript } from './descriptors.ts'
import { addressOf, hex, scriptOf } from './keys.ts'
import type { Node } from './node.ts'
import { dustOf, signalsReplacement } from './policy.ts'
import { codes, refuse, RpcFault } from './refusal.ts'
import { btc } from './shapes.ts'
import type { Wallet, WalletCoin } from './wallet.ts'
import { processPsbt } from './walletPsbt.ts'
import type { Wallets } from './wallets.ts'

export interface WalletContext {
  node: Node
  wallets: Wallets
  /** The one the request means; throws where it means none. */
  wallet(): Wallet
}

/** Core's `-fallbackfee` as the tests set it, in satoshis for a thousand virtual bytes. */
export const fallbackRate = 10_000n

export const walletMethods: Record<string, Method<WalletContext>> = {
  createwallet: {
    takes: [
      'wallet_name',
      'disable_private_keys',
      'blank',
      'passphrase',
      'avoid_reuse',
      'descriptors',
      'load_on_startup',
      'external_signer',
    ],
    needs: 1,
    run: ({ wallets }, name, keyless, blank) => ({
      name: wallets.create(string(name), { keyless: boolean(keyless, false), blank: boolean(blank, false) })
        .name,
    }),
  },
  loadwallet: {
    takes: ['filename', 'load_on_startup'],
    needs: 1,
    run: ({ wallets }, name) => ({ name: wallets.load(string(name)).name }),
  },
  unloadwallet: {
    takes: ['wallet_name', 'load_on_startup'],
    run({ wallets, wallet }, name) {
      wallets.unload(name === undefined ? wallet().name : string(name))
      return {}
    },
  },
  listwallets: { takes: [], run: ({ wallets }) => wallets.loaded() },
  listwalletdir: { takes: [], run: ({ wallets }) => ({ wallets: wallets.known().map(name => ({ name })) }) },
  getwalletinfo: { takes: [], run: ({ node, wallet }) => walletInfo(node, wallet()) },
  getbalance: {
    takes: ['dummy', 'minconf'],
    run: ({ wallet }, _, least) =>
      btc(
        total(
          wallet().coins(),
          coin => coin.spendable && coin.confirmations >= (least === undefined ? 0 : number(least)),
        ),
      ),
  },
  getnewaddress: {
    takes: ['label', 'address_type'],
    run: ({ wallet }, _, kind = 'bech32') => wallet().address(kindOf(kind)),
  },
  getrawchangeaddress: {
    takes: ['address_type'],
    run: ({ wallet }, kind = 'bech32') => wallet().address(kindOf(kind), 1),
  },
  getaddressinfo: {
    takes: ['address'],
    needs: 1,
    run({ node, wallet }, address) {
      const script =
        scriptOf(string(address), node.network()) ??
        refuse(codes.notFound, 'Invalid or unsupported Segwit (Bech32) or Base58 encoding.')
      const own = wallet().keyOf(script)
      return {
        address,
        scriptPubKey: hex(script),
        ismine: own !== undefined,
        ischange: own?.side === 1,
        hdkeypath: own?.path.replaceAll("'", 'h'),
      }
    },
  },
  validateaddress: {
    takes: ['address'],
    needs: 1,
    run({ node }, address) {
      const script = scriptOf(string(address), node.network())
      if (!script)
        return {
          isvalid: false,
          error_locations: [],
          error: 'Invalid or unsupported Segwit (Bech32) or Base58 encoding.',
        }
      return { isvalid: true, address, scriptPubKey: hex(script) }
    },
  },
  listunspent: {
    takes: ['minconf', 'maxconf'],
    run({ node, wallet }, least = 1, most = 9_999_999) {
      const coins = wallet()
        .coins()
        .filter(
          ({ confirmations, coinbase }) =>
            confirmations >= number(least) &&
            confirmations <= number(most) &&
            !(coinbase && confirmations <= 100),
        )
      return coins.map(({ txid, vout, script, units, confirmations, spendable }) => ({
        txid,
        vout,
        address: addressOf(script, node.network()),
        scriptPubKey: hex(script),
        amount: btc(units),
        confirmations,
        spendable: wallet().signs,
        solvable: true,
        desc: describeScript(script, node.network()),
        safe: spendable,
      }))
    },
  },
  listdescriptors: {
    takes: ['private'],
    run({ node, wallet }, secret) {
      const { name, accounts } = wallet()
      const own = accounts.all().map(({ text, active, side, next, through }) => ({
        desc: text(boolean(secret, false)),
        timestamp: node.now(),
        active,
        ...(active && { internal: side === 1 }),
        range: [0, Math.max(through, next + node.settings.keypool - 1)],
        next,
        next_index: next,
      }))
      return { wallet_name: name, descriptors: own }
    },
  },
  importdescriptors: {
    takes: ['requests'],
    needs: 1,
    run: ({ node, wallet }, requests) => {
      const { accounts, signs } = wallet()
      return list(requests).map(request => {
        try {
          accounts.add([importedAccount(request as ImportRequest, node, signs)])
          return { success: true }
        } catch (fault) {
          if (!(fault instanceof RpcFault)) throw fault
          return { success: false, error: { code: fault.code, message: fault.message } }
        }
      })
    },
  },
  sendtoaddress: {
    takes: [
      'address',
      'amount',
      'comment',
      'comment_to',
      'subtractfeefromamount',
      'replaceable',
      'conf_target',
      'estimate_mode',
      'avoid_reuse',
      'fee_rate',
      'verbose',
    ],
    needs: 2,
    run: ({ node, wallet }, address, amount, _1, _2, subtract, replaceable, _3, _4, _5, rate) => {
      const script = payTo(address, node.network(), `Invalid Bitcoin address: ${String(address)}`)
      const units = satoshis(amount)
      if (units < dustOf(script)) refuse(codes.funds, 'Transaction amount too small')
      const transaction = wallet().pay([{ script, units }], {
        rate: rateOf(node, rate),
        subtractFee: boolean(subtract, false),
        replaceable: boolean(replaceable, true),
      })
      return submit(node, transaction, usualCap)
    },
  },
  bumpfee: {
    takes: ['txid', 'options'],
    needs: 1,
    run: ({ node, wallet }, txid, options) =>
      bump(node, wallet(), hashText(txid, 'txid'), (options as { fee_rate?: unknown } | undefined)?.fee_rate),
  },
  walletprocesspsbt: {
    takes: ['psbt', 'sign', 'sighashtype', 'bip32derivs', 'finalize'],
    needs: 1,
    run: ({ node, wallet }, text, sign, _, derivations, finalize) =>
      processPsbt(node, wallet(), string(text), {
        sign: boolean(sign, true),
        derivations: boolean(derivations, true),
        finalize: boolean(finalize, true),
      }),
  },
}

const kindOf = (kind: unknown): Kind =>
  kind === 'bech32' || kind === 'bech32m'
    ? kind
    : refuse(codes.notFound, `Unknown address type '${String(kind)}'`)

/** From satoshis per virtual byte. */
const rateOf = (node: Node, given: unknown): bigint =>
  given === undefined ? (node.settings.feeRate ?? fallbackRate) : BigInt(Math.round(number(given) * 1_000))

const total = (coins: WalletCoin[], counts: (coin: WalletCoin) => boolean): bigint =>
  coins.filter(counts).reduce((sum, { units }) => sum + units, 0n)

function walletInfo(node: Node, wallet: Wallet) {
  const coins = wallet.coins()
  const { hash, height } = node.branches.tip()
  return {
    walletname: wallet.name,
    walletversion: 169_900,
    format: 'sqlite',
    balance: btc(total(coins, ({ spendable }) => spendable)),
    unconfirmed_balance: btc(
      total(coins, ({ spendable, confirmations }) => !spendable && confirmations === 0),
    ),
    immature_balance: btc(total(coins, ({ coinbase, spendable }) => coinbase && !spendable)),
    txcount: wallet.sent.size,
    keypoolsize: wallet.accounts.all().length * node.settings.keypool,
    private_keys_enabled: wallet.signs,
    avoid_reuse: false,
    scanning: false,
    descriptors: true,
    external_signer: false,
    blank: wallet.accounts.all().length === 0,
    lastprocessedblock: { hash, height },
  }
}

/** The same payees at a higher rate, from the same coins and, where the change does not reach, others. */
function bump(node: Node, wallet: Wallet, txid: string, rate: unknown) {
  const old = wallet.sent.get(txid) ?? refuse(codes.notFound, 'Invalid or non-wallet transaction id')
  const entry = node.mempool.get(txid) ?? refuse(codes.misc, `${outpointOf(old.spent[0]!)} is already spent`)
  if (!signalsReplacement(old.transaction)) refuse(codes.wallet, 'Transaction is not BIP 125 replaceable')
  if (node.mempool.descendants(txid).size > 1)
    refuse(codes.parameter, 'Transaction has descendants in the mempool')
  const payees = old.transaction.outs
    .filter((_, vout) => vout !== old.change)
    .map(({ script, value }) => ({ script, units: value }))
  const least = (entry.fee * 1_000n) / BigInt(entry.size) + 5_000n
  const wanted = rate === undefined ? least : rateOf(node, rate)
  const transaction = wallet.pay(payees, { rate: wanted, inputs: old.spent, replacing: txid })
  const fee = feeOf(wallet, transaction.getId())
  return { txid: submit(node, transaction, 0n), origfee: btc(entry.fee), fee: btc(fee), errors: [] }
}

function feeOf(wallet: Wallet, txid: string): bigint {
  const { spent, transaction } = wallet.sent.get(txid)!
  return (
    spent.reduce((sum, { units }) => sum + units, 0n) -
    transaction.outs.reduce((sum, { value }) => sum + value, 0n)
  )
}
