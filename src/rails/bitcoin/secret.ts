/** Private keys where none belongs: seen by their looks, refused, and never repeated in a message. */
import { BadInput } from '../../base/answer.ts'

/**
 * Throws `BadInput` where `text` holds what looks like a private key or seed words. `what` names the input,
 * e.g. "the descriptor".
 */
export function refuseSecrets(text: string, what: string): void {
  const secret = secretIn(text)
  if (secret)
    throw new BadInput(
      `${what} holds ${secret}: it is not kept, and no private key belongs here. Give the account’s public key (xpub, zpub, tpub, vpub) or its descriptor; if the text went through a chat, a log or a clipboard others read, move the money to a new wallet`,
      { flag: what },
    )
}

function secretIn(text: string): string | undefined {
  if (/\b[a-z]{3,8}(?:\s+[a-z]{3,8}){11}\b/i.test(text)) return 'what looks like the words of a seed'
  for (const word of text.split(/[^A-Za-z0-9]+/)) {
    // The letter before "prv" says for which script (SLIP 132); what matters is that it is private.
    if (/^[a-z]prv/i.test(word)) return 'an extended private key'
    if (/^(?:[5KLc9][1-9A-HJ-NP-Za-km-z]{49,51})$/.test(word)) return 'what looks like a private key (WIF)'
    if (/^6P[1-9A-HJ-NP-Za-km-z]{56}$/.test(word)) return 'what looks like an encrypted private key (BIP 38)'
    if (/^[0-9a-f]{64}$/i.test(word)) return 'what looks like a private key in hex'
  }
  return undefined
}
