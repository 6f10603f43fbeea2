/**
 * Addresses derived per second from a watch-only account, against the usual packages in pure JavaScript, in
 * turns within one run.
 */
import { randomBytes } from 'node:crypto'
import ecc from '@bitcoinerlab/secp256k1'
import { BIP32Factory } from 'bip32'
import { initEccLib, payments } from 'bitcoinjs-lib'
import { checksumOf } from '../src/rails/bitcoin/checksum.ts'
import { derive as deriveOurs, parseDescriptor } from '../src/rails/bitcoin/descriptor.ts'
import { networks } from '../src/rails/bitcoin/network.ts'
import { median, type BenchOptions, type Figure } from './figure.ts'
import { timed } from './installation.ts'

export async function derive({ quick, tiny }: BenchOptions): Promise<Figure[]> {
  const [rounds, ours, theirs] = tiny ? [1, 20, 2] : quick ? [3, 500, 50] : [9, 4_000, 400]
  const network = networks.mainnet
  // Their curve under their payments; ours does not go by what is set here.
  initEccLib(ecc)
  const account = BIP32Factory(ecc).fromSeed(randomBytes(32), network).derivePath("m/84'/0'/0'").neutered()
  const branch = account.derive(0)
  const figures: Figure[] = []
  for (const kind of ['wpkh', 'tr'] as const) {
    const body = `${kind}(${account.toBase58()}/<0;1>/*)`
    const descriptor = parseDescriptor(`${body}#${checksumOf(body)}`, 'mainnet')
    const own = (index: number) => deriveOurs(descriptor, 'receive', index).address
    const peer = (index: number) => {
      const { publicKey } = branch.derive(index)
      return kind === 'wpkh'
        ? payments.p2wpkh({ pubkey: publicKey, network }).address
        : payments.p2tr({ internalPubkey: publicKey.slice(1), network }).address
    }
    for (let index = 0; index < 20; index++)
      if (own(index) !== peer(index)) throw new Error(`address ${index} of ${kind} is not the same in both`)
    const [fast, slow]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      fast.push(await rate(own, ours, round * ours))
      slow.push(await rate(peer, theirs, round * theirs))
    }
    figures.push(
      { bench: 'derive', name: `${kind} addresses`, value: median(fast), unit: '/s' },
      {
        bench: 'derive',
        name: `${kind} addresses by bip32, @bitcoinerlab/secp256k1 and bitcoinjs-lib`,
        value: median(slow),
        unit: '/s',
      },
      {
        bench: 'derive',
        name: `${kind} addresses, ours against theirs`,
        value: median(fast.map((value, round) => value / slow[round]!)),
        unit: '×',
        target: { least: 10 },
      },
    )
  }
  return figures
}

/** How many of `count` addresses from number `from` on are had in a second. */
async function rate(address: (index: number) => unknown, count: number, from: number): Promise<number> {
  const [seconds] = await timed(async () => {
    for (let index = 0; index < count; index++) address(from + index)
  })
  return count / seconds
}
