/** The wallets a node has, loaded or not, and which of them a request means. */
import type { Random } from '../../src/base/world.ts'
import type { Node } from './node.ts'
import { codes, refuse } from './refusal.ts'
import { makeWallet, type Wallet } from './wallet.ts'

export interface Wallets {
  /** `blank`: without descriptors; `keyless`: and never with private keys. */
  create(name: string, options: { keyless: boolean; blank: boolean }): Wallet
  load(name: string): Wallet
  unload(name: string): void
  loaded(): string[]
  /** All there are, loaded or not. */
  known(): string[]
  /** The one named in the request's path, else the only one loaded. */
  of(name: string | undefined): Wallet
}

export function makeWallets(node: Node, random: Random): Wallets {
  const all = new Map<string, Wallet>()
  const loaded = new Set<string>()
  return {
    create(name, { keyless, blank }) {
      if (all.has(name))
        refuse(
          codes.wallet,
          `Wallet file verification failed. Failed to create database path '${name}'. Database already exists.`,
        )
      const wallet = makeWallet({
        name,
        node,
        random,
        seed: keyless || blank ? undefined : random.bytes(32),
        signs: !keyless,
      })
      all.set(name, wallet)
      loaded.add(name)
      return wallet
    },
    load(name) {
      if (loaded.has(name)) refuse(codes.walletLoaded, `Wallet "${name}" is already loaded.`)
      const wallet =
        all.get(name) ??
        refuse(
          codes.walletNotFound,
          `Wallet file verification failed. Failed to load database path '${name}'. Path does not exist.`,
        )
      loaded.add(name)
      return wallet
    },
    unload(name) {
      if (!loaded.delete(name))
        refuse(codes.walletNotFound, 'Requested wallet does not exist or is not loaded')
    },
    loaded: () => [...loaded],
    known: () => [...all.keys()],
    of(name) {
      const [only, other] = loaded
      if (name === undefined && only === undefined) {
        return refuse(
          codes.walletNotFound,
          'No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default wallet is no longer automatically created)',
        )
      }
      if (name === undefined && other !== undefined) {
        return refuse(
          codes.walletUnspecified,
          'Multiple wallets are loaded. Please select which wallet to use by requesting the RPC through the /wallet/<walletname> URI path.',
        )
      }
      const wanted = name ?? only!
      return loaded.has(wanted)
        ? all.get(wanted)!
        : refuse(codes.walletNotFound, 'Requested wallet does not exist or is not loaded')
    },
  }
}
