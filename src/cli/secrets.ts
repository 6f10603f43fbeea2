/**
 * Private keys on the command line: none is asked for anywhere, shells remember what was typed, and messages
 * repeat it.
 */
import { BadInput } from '../base/answer.ts'
import { holdsPrivateKey } from '../base/setting.ts'

/**
 * Throws `BadInput` where an argument holds a private key or recovery words, in quotes or without. Nothing of
 * it is repeated.
 */
export function refuseKeys(args: readonly string[]): void {
  const place = args.findIndex(
    (arg, at) => holdsPrivateKey(arg) || isPhrase(args.slice(at, at + shortestPhrase)),
  )
  if (place === -1) return
  const flag = /^--[a-z-]+$/.exec(args[place - 1] ?? '')?.[0]
  throw new BadInput(
    `${flag === undefined ? 'an argument' : flag} holds a private key or recovery words, or what looks like them: nothing was done. ` +
      'No private key belongs here; give the account’s public key (xpub, zpub, tpub, vpub) or its descriptor. ' +
      'Your shell’s history may have kept it, and if others read along, move the money to a new wallet',
  )
}

/** Recovery words without quotes are an argument each (BIP 39: 12 to 24 words). No command takes so many. */
const shortestPhrase = 12
const isPhrase = (args: readonly string[]) =>
  args.length === shortestPhrase && args.every(arg => /^[a-z]{3,}$/.test(arg))
