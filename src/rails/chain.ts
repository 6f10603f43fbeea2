/**
 * The contract of a rail whose money lies on a chain that is watched: what the installation asks of it, in
 * the installation's words. A rail sees only `base`.
 */
import type { Answer } from '../base/answer.ts'
import type { Instant } from '../base/world.ts'

export type NetworkName = 'mainnet' | 'testnet4' | 'signet' | 'regtest'

/** `receive` (BIP 44's 0): shown to payers, one invoice each. `change` (1): back to ourselves. */
export type Branch = 'receive' | 'change'

/** An address with the script it stands for. */
export interface Destination {
  address: string
  script: Uint8Array
}

/** `txid:vout`, the txid in the usual byte order: the name of an output for ever. */
export type Outpoint = `${string}:${number}`

/** What the input of a block's first transaction names, for it spends nothing (a coinbase). */
export const nothingSpent: Outpoint = `${'0'.repeat(64)}:4294967295`

/**
 * How deep what a miner got for a block must lie to be spent in the next one (Bitcoin Core,
 * COINBASE_MATURITY).
 */
export const coinbaseDepth = 100

export interface ChainInfo {
  /** Of the best block. */
  height: number
  hash: string
  headers: number
  /** The node is still loading blocks, so what it shows is old. */
  syncing: boolean
  /** Blocks below this are gone from a pruned node; 0 where none are. */
  prunedBelow: number
}

export interface BlockHeader {
  hash: string
  previous: string
  height: number
  /** The block's own time. */
  at: Instant
  /** False once a reorganisation left it behind. */
  active: boolean
}

export interface TxInput {
  outpoint: Outpoint
  sequence: number
}

export interface TxOutput {
  /** Satoshis. */
  units: bigint
  script: Uint8Array
}

export interface Tx {
  txid: string
  inputs: TxInput[]
  outputs: TxOutput[]
  /** The serialised transaction, witness included. */
  raw: Uint8Array
  /** When the node first saw it, of one that waits in its mempool. */
  seenAt?: Instant
}

/**
 * What is looked for: scripts of ours, and outpoints whose spending concerns us. Answers from memory, for a
 * block has thousands of outputs.
 */
export interface Watch {
  addScript(script: Uint8Array): void
  addOutpoint(outpoint: Outpoint): void
  /** How many scripts and outpoints it knows. */
  readonly size: number
}

/**
 * A block as proven by its own hash and Merkle root; `touching`: its transactions that pay a watched script
 * or spend a watched outpoint.
 */
export interface ReadBlock extends Omit<BlockHeader, 'active'> {
  transactions: number
  touching: Tx[]
}

/** One coin to spend: ours, unspent, deep enough. */
export interface Coin {
  outpoint: Outpoint
  units: bigint
  branch: Branch
  index: number
}

/**
 * One payee of a transaction, which gets one output. `units` is what is owed; the network fee's share is
 * taken from it.
 */
export interface Payee {
  key: string
  units: bigint
  script: Uint8Array
}

export interface PlannedOutput {
  /** The payee's key, or undefined for our change. */
  key: string | undefined
  /** What the output holds: owed less fee share, or the change. */
  units: bigint
  feeShare: bigint
  script: Uint8Array
}

/** A transaction to be signed. Its txid is final before it is signed, for every input is segwit. */
export interface Plan {
  txid: string
  psbt: string
  inputs: Coin[]
  outputs: PlannedOutput[]
  lockTime: number
  /** What miners get, of which `houseUnits` is change too small to be an output. */
  feeUnits: bigint
  houseUnits: bigint
  /** Virtual bytes once signed. */
  size: number
}

/** A plan of a bundle as it is kept, with its bytes once it was signed. */
export interface KeptPlan {
  plan: Plan
  raw: Uint8Array | null
  /** The audit log has it, so a person asked for this very transaction when its fee could be paid. */
  isAsked?: boolean
}

export interface PlanOrder {
  coins: Coin[]
  payees: Payee[]
  /** Satoshis for a thousand virtual bytes. */
  feeRate: bigint
  /** Most a transaction may pay, in the same. */
  mostFeeRate: bigint
  change: { index: number }
  lockTime: number
  /** A replacement spends all of these, and pays more than it does (BIP 125). */
  replaces?: { inputs: Coin[]; feeUnits: bigint; size: number }
}

/**
 * Coins that are spent to ourselves, so that nothing else can spend them: it must be dearer than all that it
 * replaces.
 */
export interface CancelOrder extends Pick<PlanOrder, 'feeRate' | 'mostFeeRate' | 'change' | 'lockTime'> {
  inputs: Coin[]
  replaces: readonly KeptPlan[]
}

export type Planned =
  | { is: 'planned'; plan: Plan }
  /**
   * Payees whose share would be dust after the fee: they wait, and the others may be planned without them.
   */
  | { is: 'dust'; keys: string[] }
  | { is: 'short'; missing: bigint }
  | { is: 'too dear'; why: string }

/** A PSBT or raw transaction handed back, held against what was asked. */
export type Signed =
  | { is: 'signed'; txid: string; raw: Uint8Array }
  | { is: 'incomplete'; psbt: string }
  | { is: 'wrong'; fault: SignedFault }

/**
 * How what was handed back is no transaction, not the one that was asked for, or not signed so that it
 * holds. `input` and `output` count from 0; where something `pays`, it is as it was found, and `asked`
 * what it should be.
 */
export type SignedFault =
  | { is: 'too-long'; characters: number; maxCharacters: number }
  | { is: 'empty' }
  /** Neither hex nor base64. */
  | { is: 'not-encoded' }
  | { is: 'broken-psbt' }
  /** Neither a PSBT nor a raw transaction. */
  | { is: 'no-transaction' }
  | { is: 'another-transaction'; txid: string; asked: string }
  | { is: 'inputs-added'; outpoints: readonly Outpoint[] }
  | { is: 'inputs-missing'; outpoints: readonly Outpoint[] }
  | { is: 'lock-time'; found: number; asked: number }
  | { is: 'version'; found: number; asked: number }
  | { is: 'input-count'; found: number; asked: number }
  | { is: 'input-order' }
  | { is: 'sequence'; input: number; found: number; asked: number }
  /** Unlocked in the way of before segwit. */
  | { is: 'legacy-script'; input: number }
  | { is: 'output-missing'; output: number; asked: Paying }
  | { is: 'output-elsewhere'; output: number; pays: Paying; asked: Paying }
  | { is: 'output-amount'; output: number; pays: Paying; asked: Paying }
  | { is: 'output-added'; pays: Paying }
  /** Signed with a key that is not the one of its address. */
  | { is: 'other-key'; input: number }
  /** Not in strict DER (BIP 66). */
  | { is: 'loose-encoding'; input: number }
  | { is: 'not-key-alone'; input: number }
  /** Anything but all of it is signed (BIP 143, BIP 341); a name, or the number itself. */
  | { is: 'hash-type'; input: number; type: string | number | undefined }
  | { is: 'bad-signature'; input: number }
  /** What was asked is kept so that it cannot be read any more. */
  | { is: 'plan-unreadable'; said: string }

/** Satoshis to an address, or to a script that has none. */
export interface Paying {
  units: bigint
  to: string
}

/** Caps and destinations, kept apart from the accounts and asked again when something is signed. */
export interface SpendingPolicy {
  mostUnitsPerDay?: bigint
  mostUnitsPerTransaction?: bigint
  /** Scripts that may be paid; undefined allows what the approved accounts say. */
  allowed?: { has(script: Uint8Array): boolean }
}

export interface ChainRail {
  readonly name: 'bitcoin'
  readonly asset: 'BTC'
  readonly network: NetworkName
  /** The watch-only account with its checksum: what a database belongs to. */
  readonly descriptor: string
  readonly signer: 'psbt' | 'wallet'

  /** Derives again each time: an address shown or paid is never read from where it was kept alone. */
  derive(branch: Branch, index: number): Destination & { path: string }
  /** An address, or a descriptor's address number `index`; throws `BadInput`. */
  destination(text: string, index: number): Destination
  /** BIP 321. `units` in satoshis. */
  uri(address: string, units: bigint, label: string): string

  info(): Promise<Answer<ChainInfo>>
  hashAt(height: number): Promise<Answer<string | undefined>>
  header(hash: string): Promise<Answer<BlockHeader | undefined>>
  newWatch(): Watch
  block(hash: string, watch: Watch): Promise<Answer<ReadBlock>>
  /** Every txid in the node's mempool. */
  mempool(): Promise<Answer<string[]>>
  /** Mempool transactions that touch what is watched; those that left meanwhile are not answered. */
  waiting(txids: string[], watch: Watch): Promise<Answer<Tx[]>>
  /**
   * What the node holds unspent at these outpoints in its active chain, in satoshis, and at which block it
   * was asked.
   */
  unspent(
    outpoints: Outpoint[],
  ): Promise<Answer<{ height: number; hash: string; units: (bigint | undefined)[] }>>
  /**
   * The node's own sum over our whole account, by descriptor, from its UTXO set (`scantxoutset`). Takes long
   * on a big chain. `upTo`: the last number of each branch to look for; 10 000 where nothing is said.
   */
  scan(
    upTo?: Record<Branch, number>,
  ): Promise<Answer<{ height: number; hash: string; units: bigint; outpoints: Outpoint[] }>>

  /** Satoshis for a thousand virtual bytes, within the floor and the cap. */
  feeRate(): Promise<Answer<bigint>>
  /** What is to be said of the last fee rate; undefined where the node's own estimate was behind it. */
  feeNote?(): string | undefined
  plan(order: PlanOrder): Planned
  /** The fee is ours to bear (`houseUnits`). */
  planCancel(order: CancelOrder): Planned
  /**
   * What a kept plan contradicts: the PSBT that is signed for it, our account, its own sums, or the fee that
   * may be paid; undefined where nothing. `others`: the plans of its bundle besides.
   */
  planFault(kept: KeptPlan, others: readonly KeptPlan[]): string | undefined
  /** Has the node's wallet sign; `incomplete` where a person must. */
  sign(plan: Pick<Plan, 'txid' | 'psbt'>): Promise<Answer<Signed>>
  /**
   * The plan's PSBT as it is handed to whoever signs elsewhere: with the transactions its coins come from,
   * where a signature does not cover the amounts without them. `blocks`: which block each txid was mined in.
   * `without`: those the node does not have any more.
   */
  forSigner(
    plan: Pick<Plan, 'psbt'>,
    blocks: ReadonlyMap<string, string>,
  ): Promise<Answer<{ psbt: string; without: string[] }>>
  /** Holds what somebody handed back (PSBT in base64 or hex, or a raw transaction) against what was asked. */
  readSigned(text: string, plan: Pick<Plan, 'txid' | 'psbt'>): Signed
  /**
   * Why the signing policy does not let this be signed; `spentUnits` is what others took since a day ago, in
   * satoshis.
   */
  againstPolicy(plan: Pick<Plan, 'psbt'>, spentUnits: bigint): string | undefined
  /**
   * Wakes at the node's word that a block or a transaction came, where it gives one; answers how to stop.
   * Polling finds the same.
   */
  onHint(wake: () => void): () => void
  /** What the node says it gives word of, and where: `hashblock tcp://127.0.0.1:28332`. */
  hints(): Promise<Answer<string[]>>
  /**
   * What `doctor` asks besides: the wallet that signs, where one does, and which of our `addresses` it does
   * not know as its own.
   */
  wallet(
    addresses?: string[],
  ): Promise<
    Answer<{ name: string; loaded: boolean; signs: boolean; locked: boolean; strange: string[] }> | undefined
  >
  /**
   * Sends these bytes. What the node has already is done; what can never enter (`again` false) is refused.
   */
  broadcast(raw: Uint8Array): Promise<Answer<'sent' | 'known'>>
  /** A transaction from its serialised bytes; throws on what is none. */
  readTransaction(raw: Uint8Array): Tx
  close(): void
}
