/**
 * The chain of the demonstration: a real bitcoind or the simulated node, asked in the same words, with a
 * wallet for each who takes part.
 */
import { startBitcoind, findBitcoind } from './bitcoind.ts'
import { summed } from './chain/descriptors.ts'
import { startNode } from './chain/server.ts'

/** What of a node is used: both kinds have it. */
export interface DemoNode {
  url: string
  cookieFile: string
  // oxlint-disable-next-line typescript/no-explicit-any -- who asks knows for what
  rpc<T = any>(method: string, params?: unknown[], wallet?: string): Promise<T>
  end(): Promise<void>
}

export interface DemoChain extends Omit<DemoNode, 'end'> {
  /** What kind of node it is, as a person is told. */
  is: string
  /** The worker's settings for it. */
  settings: Record<string, string>
  /** Where the installation is to pay to. */
  payee: string
  /** An address of the payer's own. */
  payer: string
  height(): Promise<number>
  /** One block of what waits, to the payer. */
  mine(): Promise<void>
  /**
   * What the node itself finds unspent, in satoshis, by its own scan: for the installation’s descriptor, and
   * for the payee's address.
   */
  holdings(): Promise<{ app: bigint; payee: bigint; height: number }>
  /** Ends the node and leaves nothing of it. */
  close(): Promise<void>
}

export const payerWallet = 'payer'
export const ownWallet = 'own'
const payeeWallet = 'payee'
// Coinbases ripen after 100 blocks: this gives the payer coins for sixty payments in one block.
const firstBlocks = 160
/** Addresses of each branch that are looked at: more than one demonstration hands out. */
const scanRange = 200

/**
 * A node with coins for the payer and a wallet for the installation; the simulated one where no bitcoind is
 * to be had or wanted. `say` hears why one would not start.
 */
export async function startDemoChain(simulated: boolean, say: (line: string) => void): Promise<DemoChain> {
  const { node, is } = (simulated ? undefined : await realNode(say)) ?? (await simulatedNode())
  try {
    return await furnish(node, is)
  } catch (fault) {
    await node.end()
    throw fault
  }
}

async function realNode(say: (line: string) => void): Promise<{ node: DemoNode; is: string } | undefined> {
  if (findBitcoind() === undefined) return undefined
  try {
    const node = await startBitcoind()
    const { subversion } = await node.rpc<{ subversion: string }>('getnetworkinfo')
    return { node, is: `a real bitcoind (${versionOf(subversion)}, regtest)` }
  } catch (fault) {
    say(`No bitcoind: ${(fault as Error).message.split('\n')[0]}`)
    return undefined
  }
}

/** `/Satoshi:29.5.0/Knots:20260508/` is Knots 29.5.0. */
export function versionOf(subversion: string): string {
  const core = /Satoshi:([\d.]+)/.exec(subversion)?.[1] ?? subversion
  return `${subversion.includes('Knots') ? 'Knots' : 'Bitcoin Core'} ${core}`
}

async function simulatedNode(): Promise<{ node: DemoNode; is: string }> {
  const { url, cookieFile, rpc, close } = await startNode({ settings: { premined: 0, payerCoins: 0 } })
  return { node: { url, cookieFile, rpc, end: close }, is: 'the simulated node (regtest)' }
}

async function furnish(node: DemoNode, is: string): Promise<DemoChain> {
  const { url, cookieFile, rpc } = node
  for (const name of [payerWallet, ownWallet, payeeWallet]) await rpc('createwallet', [name])
  const payer = await rpc<string>('getnewaddress', ['mined', 'bech32'], payerWallet)
  const payee = await rpc<string>('getnewaddress', ['received', 'bech32'], payeeWallet)
  await rpc('generatetoaddress', [firstBlocks, payer])
  const branches = await branchesOf(rpc)
  const height = () => rpc<number>('getblockcount')

  return {
    ...{ url, cookieFile, rpc, is, payee, payer, height, close: node.end },
    settings: {
      BITCOIN_NETWORK: 'regtest',
      BITCOIN_RPC_URL: url,
      BITCOIN_RPC_COOKIE_FILE: cookieFile,
      BITCOIN_DESCRIPTOR: accountOf(branches.receive),
      BITCOIN_SIGNER: 'wallet',
      BITCOIN_WALLET: ownWallet,
      RATE_FIXED: 'BTC-BRL 600000.00',
    },
    mine: async () => void (await rpc('generatetoaddress', [1, payer])),
    async holdings() {
      const scan = (descriptors: unknown[]) =>
        rpc<{ total_amount: number; height: number }>('scantxoutset', ['start', descriptors])
      const ours = await scan(Object.values(branches).map(desc => ({ desc, range: scanRange })))
      const theirs = await scan([`addr(${payee})`])
      return { app: satoshis(ours.total_amount), payee: satoshis(theirs.total_amount), height: ours.height }
    },
  }
}

/** The descriptors of the installation’s own wallet, which keeps the private keys to itself. */
async function branchesOf(rpc: DemoNode['rpc']): Promise<{ receive: string; change: string }> {
  interface Listed {
    desc: string
    active: boolean
    internal?: boolean
  }
  const { descriptors } = await rpc<{ descriptors: Listed[] }>('listdescriptors', [], ownWallet)
  const find = (isChange: boolean) => {
    const found = descriptors.find(
      ({ desc, active, internal }) => active && (internal ?? false) === isChange && desc.startsWith('wpkh('),
    )
    if (!found) throw new Error(`the node's wallet "${ownWallet}" has no wpkh descriptor`)
    return found.desc
  }
  return { receive: find(false), change: find(true) }
}

/** Both branches in one, as the worker takes it (BIP 389). */
const accountOf = (receive: string): string =>
  summed(receive.replace(/#.*$/, '').replace(/\/0\/\*\)$/, '/<0;1>/*)'))

/** Of what a node writes as a number of bitcoin; exact up to 90 million of them. */
export const satoshis = (bitcoin: number): bigint => BigInt(Math.round(bitcoin * 100_000_000))
