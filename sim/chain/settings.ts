/**
 * How the simulated node behaves, and what may go wrong between it and its client: every default in one
 * place.
 */

/** Bitcoin Core's own names of networks, as `getblockchaininfo` gives them. */
export type ChainName = 'main' | 'testnet4' | 'signet' | 'regtest'

/** Least and most, both included. */
export type Range = [low: number, high: number]

export interface ChainSettings {
  /**
   * The network the node says it is on. Blocks are made as on regtest wherever it is; a change shows another
   * genesis and prefix.
   */
  network: ChainName
  /**
   * Blocks mined to the payer before anything else happens. Coinbases ripen after 100, so 101 give the payer
   * one to spend.
   */
  premined: number
  /**
   * Into how many coins of equal size the payer splits its ripe coinbases at the start; 0 leaves them as they
   * are.
   */
  payerCoins: number
  /** Whether a cookie is asked for; not, inside one process. */
  skipAuth: boolean
  /**
   * Satoshis for a thousand virtual bytes that `estimatesmartfee` answers; undefined: it has seen too little,
   * as on a fresh regtest.
   */
  feeRate: bigint | undefined
  /** What the mempool asks for at least, in the same; raised, it is a full mempool. */
  mempoolMinimum: bigint
  /** False: only what signals BIP 125 may be replaced, as Core had it before version 28. */
  fullRbf: boolean
  /** Blocks below this height are gone; 0 where none are. */
  prunedBelow: number
  /** Finds transactions of blocks by their id alone, as with Core's `-txindex`. */
  txindex: boolean
  /** How long each answer takes. */
  answerMs: Range
  /** How many unused addresses of a wallet are watched beyond the last used one; Core's is 1000. */
  keypool: number
}

export const defaultChainSettings: ChainSettings = {
  network: 'regtest',
  premined: 110,
  payerCoins: 100,
  skipAuth: false,
  feeRate: undefined,
  mempoolMinimum: 1_000n,
  fullRbf: true,
  prunedBelow: 0,
  txindex: false,
  answerMs: [0, 0],
  keypool: 100,
}

/** Probabilities per HTTP request, 0 to 1. */
export interface ChainFaults {
  /** The connection drops before the node has read the request. */
  resetBefore: number
  /** The node does what was asked, and the answer is lost. */
  loseAnswer: number
  /** It does what was asked, and no answer ever comes. */
  hangAfter: number
  /** No answer ever comes, and nothing was done. */
  hang: number
  /** HTTP 503, "Work queue depth exceeded". */
  busy: number
  /** A proxy's page instead of the node's answer. */
  html502: number
  /** HTTP 200 with half of the answer's text. */
  cutAnswer: number
  /** This request alone waits `slowMs`. */
  slow: number
  slowMs: Range
  /** A regular expression over the method's name; empty matches all. */
  only: string
}

export type ChainFault = Exclude<keyof ChainFaults, 'slowMs' | 'only'>

export const noChainFaults: ChainFaults = {
  resetBefore: 0,
  loseAnswer: 0,
  hangAfter: 0,
  hang: 0,
  busy: 0,
  html502: 0,
  cutAnswer: 0,
  slow: 0,
  slowMs: [1_000, 20_000],
  only: '',
}

export const chainFaults: readonly ChainFault[] = [
  'resetBefore',
  'loseAnswer',
  'hangAfter',
  'hang',
  'busy',
  'html502',
  'cutAnswer',
  'slow',
]
