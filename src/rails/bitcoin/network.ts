/** The four chains a node may follow, and what tells their addresses, keys and nodes apart. */
import type { Network as LibraryNetwork } from 'bitcoinjs-lib'
import type { NetworkName } from '../chain.ts'

/** Fits wherever bitcoinjs-lib asks for a network. */
export interface Network extends LibraryNetwork {
  /**
   * The account keys wallets show: plain (BIP 32), nested segwit and native segwit (SLIP 132), by their
   * letters and version bytes.
   */
  extendedKeys: Record<'plain' | 'nested' | 'segwit', ExtendedKeyVersion>
  /** Hash of block 0, in the order it is shown. */
  genesis: string
  /** What Bitcoin Core's getblockchaininfo calls it. */
  chain: string
  /** The second step of a path (SLIP 44): 0 for real money, 1 for all others. */
  coinType: 0 | 1
}

export interface ExtendedKeyVersion {
  letters: string
  version: number
}

const mainKeys = {
  plain: { letters: 'xpub', version: 0x0488b21e },
  nested: { letters: 'ypub', version: 0x049d7cb2 },
  segwit: { letters: 'zpub', version: 0x04b24746 },
}
const testKeys = {
  plain: { letters: 'tpub', version: 0x043587cf },
  nested: { letters: 'upub', version: 0x044a5262 },
  segwit: { letters: 'vpub', version: 0x045f1cf6 },
}
const messagePrefix = '\u0018Bitcoin Signed Message:\n'
// The test chains share everything but the prefix of their segwit addresses, and two of them share that too.
const test = {
  messagePrefix,
  bip32: { public: testKeys.plain.version, private: 0x04358394 },
  pubKeyHash: 0x6f,
  scriptHash: 0xc4,
  wif: 0xef,
  extendedKeys: testKeys,
  coinType: 1,
} as const

export const networks: Record<NetworkName, Network> = {
  mainnet: {
    messagePrefix,
    bech32: 'bc',
    bip32: { public: mainKeys.plain.version, private: 0x0488ade4 },
    pubKeyHash: 0x00,
    scriptHash: 0x05,
    wif: 0x80,
    extendedKeys: mainKeys,
    genesis: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    chain: 'main',
    coinType: 0,
  },
  testnet4: {
    ...test,
    bech32: 'tb',
    genesis: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
    chain: 'testnet4',
  },
  signet: {
    ...test,
    bech32: 'tb',
    genesis: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
    chain: 'signet',
  },
  regtest: {
    ...test,
    bech32: 'bcrt',
    genesis: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    chain: 'regtest',
  },
}

/** Those for which `is` holds, in words: "testnet4 or signet"; empty where there are none. */
export function networksWhere(is: (network: Network) => boolean): string {
  const names = Object.entries(networks).flatMap(([name, network]) => (is(network) ? [name] : []))
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? '')
}
