/**
 * The accounts of one wallet: branches of addresses from a seed or an imported descriptor, and how far each
 * is looked at.
 */
import { parseDescriptor, summed } from './descriptors.ts'
import { extendedKey, hex, masterKey, publicChild, tr, wpkh, type BIP32Interface } from './keys.ts'
import type { Node } from './node.ts'
import { codes, refuse } from './refusal.ts'

export type Kind = 'bech32' | 'bech32m'
/** 0 is shown to payers, 1 is change. */
export type Side = 0 | 1

export interface OwnKey {
  key: BIP32Interface
  kind: Kind
  side: Side
  /** From the master key: m/84'/1'/0'/0/5. */
  path: string
  /** Of the master key. */
  fingerprint: Uint8Array
}

export interface Account {
  kind: Kind
  side: Side
  /** Gives out new addresses. */
  active: boolean
  /** Its index is the last step to an address. */
  branch: BIP32Interface
  path: string
  fingerprint: Uint8Array
  /** As a descriptor, with its checksum. */
  text(secret: boolean): string
  scripts: string[]
  next: number
  /** The last index that is looked at in any case. */
  through: number
}

export interface Accounts {
  all(): readonly Account[]
  add(accounts: Account[]): void
  /** The script of the next address of this kind, which is then taken where `take` says so. */
  fresh(kind: Kind, side: Side, take: boolean): string
  keyOf(script: Uint8Array): OwnKey | undefined
  /** Scripts in hex, of every index that is looked at. */
  scripts(): string[]
}

export function makeAccounts(node: Node): Accounts {
  const accounts: Account[] = []
  const known = new Map<string, { account: Account; index: number }>()
  const isUsed = (script: string) =>
    node.branches.everPaid(script) || node.mempool.coins.ofScript(script).length > 0

  /** Looks as many unused addresses ahead as the settings say, from the last that was used or given out. */
  function widen(account: Account): void {
    for (
      let index = account.next;
      index < account.next + node.settings.keypool || index <= account.through;
      index++
    ) {
      const script = (account.scripts[index] ??= learn(account, index))
      if (isUsed(script)) account.next = index + 1
    }
  }

  function learn(account: Account, index: number): string {
    const script = scriptAt(account, index)
    known.set(script, { account, index })
    return script
  }

  return {
    all: () => accounts,
    add(more) {
      accounts.push(...more)
      // From the first on, though a later one was used: indexes are learned in their order.
      for (const account of more)
        for (let index = 0; index <= account.through; index++)
          account.scripts[index] ??= learn(account, index)
    },
    fresh(kind, side, take) {
      const account =
        accounts.find(one => one.active && one.kind === kind && one.side === side) ??
        refuse(codes.wallet, 'Error: This wallet has no available keys')
      widen(account)
      const script = account.scripts[account.next]!
      if (take) account.next++
      return script
    },
    keyOf(script) {
      const name = hex(script)
      if (!known.has(name)) accounts.forEach(widen)
      const place = known.get(name)
      if (!place) return undefined
      const { account, index } = place
      const { kind, side, fingerprint } = account
      return { key: account.branch.derive(index), kind, side, fingerprint, path: `${account.path}/${index}` }
    },
    scripts() {
      accounts.forEach(widen)
      return [...known.keys()]
    },
  }
}

/**
 * Of all nodes of this process: tests bring up many that are given the same keys, and import thousands of
 * addresses each.
 */
const derived = new Map<string, string>()

function scriptAt({ kind, branch }: Account, index: number): string {
  const name = `${kind} ${hex(branch.publicKey)} ${hex(branch.chainCode)} ${index}`
  const known = derived.get(name)
  if (known !== undefined) return known
  const publicKey = publicChild(branch, index)
  const script = hex(kind === 'bech32' ? wpkh(publicKey) : tr(publicKey))
  derived.set(name, script)
  return script
}

/** BIP 84 and BIP 86, each with receiving addresses and change. */
export function accountsOfSeed(seed: Uint8Array, node: Node): Account[] {
  const network = node.network()
  const coinType = network.bech32 === 'bc' ? 0 : 1
  const master = masterKey(seed, network)
  const purposes: [Kind, number][] = [
    ['bech32m', 86],
    ['bech32', 84],
  ]
  return purposes.flatMap(([kind, purpose]) => {
    const parent = master.derivePath(`m/${purpose}'/${coinType}'/0'`)
    const origin = `[${hex(master.fingerprint)}/${purpose}h/${coinType}h/0h]`
    return ([0, 1] as const).map((side): Account => {
      const path = `m/${purpose}'/${coinType}'/0'/${side}`
      const text = (secret: boolean) => textOf(kind, origin, secret ? parent : parent.neutered(), `/${side}`)
      return {
        kind,
        side,
        path,
        text,
        active: true,
        fingerprint: master.fingerprint,
        branch: parent.derive(side),
        scripts: [],
        next: 0,
        through: -1,
      }
    })
  })
}

export interface ImportRequest {
  desc: string
  internal?: boolean
  active?: boolean
  range?: number | [number, number]
}

/** One request of `importdescriptors`: `wpkh` or `tr` of an extended key and a range. */
export function importedAccount(
  { desc, internal = false, active = false, range = 1_000 }: ImportRequest,
  node: Node,
  wantsKeys: boolean,
): Account {
  if (!desc.includes('#')) refuse(codes.notFound, 'Missing checksum')
  parseDescriptor(desc, node.network())
  const [, name, fingerprint, origin = '', key, steps] =
    /^(wpkh|tr)\((?:\[([0-9a-f]{8})((?:\/\d+['h]?)*)\])?([a-zA-Z0-9]+)((?:\/\d+)*)\/\*\)#/.exec(desc) ??
    refuse(codes.wallet, 'the simulated node imports only wpkh and tr of one extended key with a range')
  const parent = extendedKey(key!)!
  if (parent.isNeutered() === wantsKeys) {
    refuse(
      codes.wallet,
      wantsKeys
        ? 'Cannot import descriptor without private keys to a wallet with private keys enabled'
        : 'Cannot import private keys to a wallet with private keys disabled',
    )
  }
  const kind = name === 'wpkh' ? 'bech32' : 'bech32m'
  const prefix = fingerprint === undefined ? '' : `[${fingerprint}${origin.replaceAll("'", 'h')}]`
  return {
    ...{ kind, active, side: internal ? 1 : 0, scripts: [], next: 0 },
    branch: steps!
      .split('/')
      .slice(1)
      .reduce((above, step) => above.derive(Number(step)), parent),
    path: `m${origin.replaceAll('h', "'")}${steps}`,
    fingerprint:
      fingerprint === undefined ? parent.fingerprint : Uint8Array.from(Buffer.from(fingerprint, 'hex')),
    text: secret => textOf(kind, prefix, secret ? parent : parent.neutered(), steps!),
    through: Array.isArray(range) ? range[1] : range,
  }
}

const textOf = (kind: Kind, origin: string, key: BIP32Interface, steps: string): string =>
  summed(`${kind === 'bech32' ? 'wpkh' : 'tr'}(${origin}${key.toBase58()}${steps}/*)`)
