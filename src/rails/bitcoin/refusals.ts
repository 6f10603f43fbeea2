/**
 * What a node's refusals of a transaction mean for us: by Bitcoin Core's own words, as sendrawtransaction and
 * testmempoolaccept give them.
 */

/**
 * `known`: the node has it, so it was sent. `heals`: time alone, a block, or a better offer ends it, so this
 * one is offered again and nobody else waits. `person`: the same bytes will never be taken by this node, or
 * what it says contradicts what we know.
 */
export type Meaning = 'known' | 'heals' | 'person'

export interface Refusal {
  /** Begins the node's message, or is a word of it. */
  says: RegExp
  means: Meaning
  because: string
}

/**
 * The first that fits counts. Bitcoin Core, validation.cpp, policy/ and rpc/mempool.cpp, from version 25 on,
 * and Knots of the same age.
 */
export const refusals: readonly Refusal[] = [
  { says: /already in mempool|txn-already-in-mempool/i, means: 'known', because: 'it waits in the mempool' },
  {
    says: /txn-same-nonwitness-data-in-mempool/i,
    means: 'known',
    because: 'it waits there with other signatures, and pays the same',
  },
  {
    says: /already in block chain|already in utxo set|txn-already-known/i,
    means: 'known',
    because: 'a block has it',
  },

  { says: /min relay fee not met/i, means: 'heals', because: 'a better offer follows' },
  {
    says: /mempool min fee not met/i,
    means: 'heals',
    because: 'the mempool empties, or a better offer follows',
  },
  { says: /mempool full/i, means: 'heals', because: 'the mempool empties' },
  {
    says: /insufficient fee/i,
    means: 'heals',
    because: 'what it should replace is mined, or a better offer follows',
  },
  {
    says: /replacement-failed|does not improve feerate diagram/i,
    means: 'heals',
    because: 'the same, as clusters are compared',
  },
  {
    says: /too many potential replacements/i,
    means: 'heals',
    because: 'what was built upon the one before is mined',
  },
  { says: /replacement-adds-unconfirmed/i, means: 'heals', because: 'what it spends besides is mined' },
  {
    says: /bad-txns-spends-conflicting-tx/i,
    means: 'heals',
    because: 'the one it contradicts is mined or forgotten',
  },
  {
    says: /txn-mempool-conflict/i,
    means: 'heals',
    because: 'the other is mined, and then it is another matter, or forgotten',
  },
  {
    says: /too-long-mempool-chain|too-large-cluster|exceeds cluster size limit|package-mempool-limits/i,
    means: 'heals',
    because: 'a block shortens it',
  },
  {
    says: /bad-txns-premature-spend-of-coinbase/i,
    means: 'heals',
    because: 'a miner’s reward may be spent a hundred blocks later',
  },
  { says: /non-bip68-final|non-final/i, means: 'heals', because: 'its hour or block comes' },

  // Whether it heals says the chain: see `broadcast`, and whoever sends asks what became of its coins.
  {
    says: /missing inputs|missingorspent/i,
    means: 'person',
    because: 'what it spends is spent, or its block was left behind',
  },
  { says: /script-verify-flag/i, means: 'person', because: 'a signature does not hold' },
  { says: /dust/i, means: 'person', because: 'this node asks more of an output than others do' },
]

/** What none of them says is a person's: another version's words, or a rule of this node's own. */
export const meaningOf = (message: string): Meaning =>
  refusals.find(({ says }) => says.test(message))?.means ?? 'person'
