/** The Bitcoin rail: a watch-only account, the node that is asked about it, and whoever signs. */
import { BadInput, done, type Answer } from '../../base/answer.ts'
import type { Log } from '../../base/log.ts'
import type { Clock } from '../../base/world.ts'
import type { ChainRail, NetworkName, Signed, SpendingPolicy } from '../chain.ts'
import { parseAddress } from './address.ts'
import { readTransaction } from './block.ts'
import { branchText, derive, parseDescriptor } from './descriptor.ts'
import { startHints } from './hints.ts'
import { hasLibrary, noLibrary } from './libsecp256k1.ts'
import { networks } from './network.ts'
import { chainNode, type ChainNode } from './node.ts'
import { plan, planCancel } from './plan.ts'
import { planFault } from './planFault.ts'
import { checkPolicy, readPolicy } from './policy.ts'
import { rpcClient } from './rpc.ts'
import { addPrevious } from './psbt.ts'
import { readSigned } from './signed.ts'
import { paymentUri } from './uri.ts'

export interface ConnectParts extends AccountParts {
  rpcUrl: string
  cookieFile?: string | undefined
  zmqUrl?: string | undefined
  clock: Clock
}

export interface AccountParts {
  network: NetworkName
  /** The watch-only account: a descriptor with its checksum, or an extended public key. */
  descriptor: string
  signer: 'psbt' | 'wallet'
  /** The node's wallet that signs. */
  wallet?: string | undefined
  /**
   * The signing policy's JSON as it stands now, asked for at every signature; throws `BadInput` where it
   * cannot be read.
   */
  policy?: (() => string) | undefined
  /** Blocks within which a transaction of ours should be mined. */
  feeBlocks: number
  /** Satoshis for a thousand virtual bytes, at most. */
  mostFeeRate: bigint
  /** The same, where the node has no estimate. */
  fallbackFeeRate?: bigint | undefined
  log: Log
}

/** The rail over Bitcoin Core's RPC. Asks nothing yet; throws `BadInput` on settings that cannot be used. */
export function connectBitcoin({ rpcUrl, cookieFile, zmqUrl, clock, ...parts }: ConnectParts): ChainRail {
  if (!hasLibrary) throw noLibrary()
  const reach = () => rpcClient({ url: rpcUrl, cookieFile, clock })
  tellFaults(
    () => ownAccount(parts.descriptor, parts.network),
    () => parts.policy !== undefined && readPolicy(parts.policy(), parts.network),
    reach,
  )
  const rpc = reach()
  return bitcoinRail({ ...parts, node: chainNode({ rpc, network: networks[parts.network] }), zmqUrl })
}

// Below this no node relays (Bitcoin Core, -minrelaytxfee): satoshis for a thousand virtual bytes.
const minFeeRate = 1_000n
const scanRange = 10_000

export function bitcoinRail({
  network,
  node,
  signer,
  wallet,
  feeBlocks,
  mostFeeRate,
  fallbackFeeRate,
  log,
  zmqUrl,
  ...parts
}: AccountParts & { node: ChainNode; zmqUrl?: string | undefined }): ChainRail {
  const account = ownAccount(parts.descriptor, network)
  const policyNow = parts.policy === undefined ? () => ({}) : policyReader(parts.policy, network)
  const destinations = new Map<string, ReturnType<typeof parseDescriptor>>()
  const stops = new Set<() => void>()

  return {
    name: 'bitcoin',
    asset: 'BTC',
    network,
    descriptor: account.text,
    signer,

    derive: (branch, index) => derive(account, branch, index),
    destination(text, index) {
      if (!isDescriptor(text)) return parseAddress(text, network)
      const payee = destinations.get(text) ?? parseDescriptor(text, network)
      destinations.set(text, payee)
      return derive(payee, 'receive', index)
    },
    uri: (address, units, label) => paymentUri({ address, units, ...(label && { label }) }),

    info: node.info,
    hashAt: node.hashAt,
    header: node.header,
    newWatch: node.newWatch,
    block: node.block,
    mempool: node.mempool,
    waiting: node.waiting,
    unspent: node.unspent,
    scan: upTo =>
      node.scan(
        (['receive', 'change'] as const).map(branch => ({
          desc: branchText(account, branch),
          range: upTo?.[branch] ?? scanRange,
        })),
      ),

    async feeRate() {
      const answer = await node.feeRate(feeBlocks, fallbackFeeRate)
      if (answer.is !== 'done') return answer
      // Where the network asks more than may be paid, the cap is offered: it waits in the mempool, and may be
      // raised.
      const floored = answer.value < minFeeRate ? minFeeRate : answer.value
      return done(floored > mostFeeRate ? mostFeeRate : floored)
    },
    feeNote: () =>
      node.estimates()
        ? undefined
        : `the node has no estimate of fees yet, so ${fallbackFeeRate === undefined ? 'the least that it takes' : 'BITCOIN_FALLBACK_FEE_RATE, or the least that it takes,'} is offered`,
    plan: order => plan(order, account),
    planCancel: order => planCancel(order, account, network),
    planFault: (kept, others) => planFault(kept, others, { mostFeeRate, account, network }),
    async sign(planned): Promise<Answer<Signed>> {
      const answer = await node.walletProcess(wallet!, planned.psbt)
      return answer.is === 'done' ? done(readSigned(answer.value.psbt, planned, network)) : answer
    },
    async forSigner({ psbt }, blocks) {
      // A taproot signature covers every amount it spends (BIP 341).
      if (account.kind === 'tr') return done({ psbt, without: [] })
      const answer = await node.mined(blocks)
      return answer.is === 'done' ? done(addPrevious(psbt, answer.value)) : answer
    },
    readSigned: (text, planned) => readSigned(text, planned, network),
    againstPolicy(planned, spentUnits) {
      const policy = policyNow()
      return typeof policy === 'string'
        ? policy
        : checkPolicy(planned, policy, spentUnits, {
            derive: (branch, index) => derive(account, branch, index),
            network,
          })
    },
    broadcast: node.broadcast,
    readTransaction,
    onHint(wake) {
      if (zmqUrl === undefined) return () => undefined
      const stop = startHints(zmqUrl, wake, log)
      stops.add(stop)
      return () => {
        stops.delete(stop)
        stop()
      }
    },
    hints: node.hints,
    async wallet(addresses = []) {
      if (signer !== 'wallet') return undefined
      const answer = await node.wallet(wallet!)
      if (answer.is !== 'done') return answer
      const strange = answer.value.loaded ? await node.walletStrange(wallet!, addresses) : done([])
      return strange.is === 'done'
        ? done({ name: wallet!, ...answer.value, strange: strange.value })
        : strange
    },
    close() {
      for (const stop of stops) stop()
    },
  }
}

/**
 * The policy as it stands, read again only when its text has changed; or why there is none to go by, and then
 * nothing may be signed.
 */
function policyReader(read: () => string, network: NetworkName): () => SpendingPolicy | string {
  let known: { text: string; policy: SpendingPolicy } | undefined
  return () => {
    try {
      const text = read()
      if (known?.text !== text) known = { text, policy: readPolicy(text, network) }
      return known.policy
    } catch (error) {
      if (error instanceof BadInput) return `nothing is signed without the signing policy: ${error.message}`
      throw error
    }
  }
}

/**
 * Settings are read once to see what is wrong with them: all of it is told, and not one fault after the
 * other.
 */
function tellFaults(...reads: (() => unknown)[]): void {
  const faults = reads.flatMap(read => {
    try {
      read()
      return []
    } catch (error) {
      if (error instanceof BadInput) return [error.message]
      throw error
    }
  })
  if (faults.length === 1) throw new BadInput(faults[0]!)
  if (faults.length > 1)
    throw new BadInput(
      `the Bitcoin rail has ${faults.length} faults:\n${faults.map(fault => `  ${fault}`).join('\n')}`,
    )
}

/**
 * In a `.env` what follows a # outside quotes is a comment: the checksum that was written there is not what
 * is read.
 */
function ownAccount(text: string, network: NetworkName): ReturnType<typeof parseDescriptor> {
  try {
    return parseDescriptor(text, network)
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    const hint =
      text.includes('(') && !text.includes('#') ? '; if it is there in .env, put quotes around the whole' : ''
    throw new BadInput(`BITCOIN_DESCRIPTOR: ${error.message}${hint}`, { cause: error })
  }
}

/** Whether a payout account is named by a descriptor or an extended key rather than by an address. */
export const isDescriptor = (text: string): boolean => text.includes('(') || /^[xyztuv]pub/.test(text)
