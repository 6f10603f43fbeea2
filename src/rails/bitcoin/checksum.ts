/** The checksum of a descriptor (BIP 380): eight characters that notice a mistyped one. */

const characters =
  "0123456789()[],'/*abcdefgh@:$%{}" + 'IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~' + 'ijklmnopqrstuvwxyzABCDEFGH`#"\\ '
const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn]

/** Of a descriptor without its `#…`; undefined where a character has no place in descriptors. */
export function checksumOf(text: string): string | undefined {
  const symbols: number[] = []
  let groups = 0
  for (const [index, character] of [...text].entries()) {
    const place = characters.indexOf(character)
    if (place < 0) return undefined
    symbols.push(place & 31)
    groups = groups * 3 + (place >> 5)
    // Every third character is followed by one symbol that says from which groups the three came.
    if (index % 3 < 2) continue
    symbols.push(groups)
    groups = 0
  }
  if (text.length % 3 > 0) symbols.push(groups)
  const sum = remainder([...symbols, 0, 0, 0, 0, 0, 0, 0, 0]) ^ 1n
  return Array.from(
    { length: 8 },
    (_, index) => letters[Number((sum >> BigInt(5 * (7 - index))) & 31n)],
  ).join('')
}

function remainder(symbols: readonly number[]): bigint {
  let sum = 1n
  for (const symbol of symbols) {
    const top = sum >> 35n
    sum = ((sum & 0x7ffffffffn) << 5n) ^ BigInt(symbol)
    for (const [bit, term] of generator.entries()) if ((top >> BigInt(bit)) & 1n) sum ^= term
  }
  return sum
}
