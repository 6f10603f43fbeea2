/** A set of 64-bit fingerprints in flat memory, made to be asked for tens of thousands at once. */

/** Two thirds full at most, 9 bytes a place: 1 000 000 take 19 MB. */
export class Fingerprints {
  size = 0
  #places = 1024
  // Pairs of words, low and high; a low word of zero is a free place, and taken for one in a fingerprint. The
  // number of places is a power of two.
  #table = new Uint32Array(2 * this.#places)
  // Eight bits to a place, one set for each fingerprint. Nine strangers of ten end here, in a ninth of the
  // memory.
  #sieve = new Uint8Array(this.#places)

  add(low: number, high: number): void {
    if (low === 0) low = 1
    if (3 * this.size >= 2 * this.#places) this.#grow()
    if (this.#put(low, high)) this.size++
  }

  has(low: number, high: number): boolean {
    return this.#has(low === 0 ? 1 : low, high)
  }

  /**
   * The owners of those noted that are in the set, each once, in the order they were noted. Asked in one go
   * because a machine waits for many far words of memory as long as for one, where nothing else is done in
   * between.
   */
  owners({ words, passed, count }: Notes): number[] {
    const sieve = this.#sieve
    const bits = 8 * this.#places - 1
    let many = 0
    // Without a branch in it: what passes is written down, what does not is written over.
    for (let at = 0; at < 3 * count; at += 3) {
      const bit = spread(words[at]!, words[at + 1]!) & bits
      passed[many] = at
      many += (sieve[bit >>> 3]! >>> (bit & 7)) & 1
    }
    const found: number[] = []
    for (let number = 0; number < many; number++) {
      const at = passed[number]!
      const owner = words[at + 2]!
      if (found.at(-1) !== owner && this.#has(words[at]!, words[at + 1]!)) found.push(owner)
    }
    return found
  }

  #has(low: number, high: number): boolean {
    const place = this.#placeOf(low, high)
    return this.#table[2 * place] !== 0
  }

  /** False where it was there already. */
  #put(low: number, high: number): boolean {
    const bit = spread(low, high) & (8 * this.#places - 1)
    this.#sieve[bit >>> 3]! |= 1 << (bit & 7)
    const place = this.#placeOf(low, high)
    if (this.#table[2 * place] !== 0) return false
    this.#table[2 * place] = low
    this.#table[2 * place + 1] = high
    return true
  }

  /** Where it lies, or the free place it would go to. */
  #placeOf(low: number, high: number): number {
    const table = this.#table
    const last = this.#places - 1
    for (let place = spread(low, high) & last; ; place = (place + 1) & last) {
      const there = table[2 * place]!
      if (there === 0 || (there === low && table[2 * place + 1] === high)) return place
    }
  }

  #grow(): void {
    const old = this.#table
    this.#places *= 2
    this.#table = new Uint32Array(2 * this.#places)
    this.#sieve = new Uint8Array(this.#places)
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) this.#put(old[at]!, old[at + 1]!)
  }
}

/**
 * Fingerprints to ask for, each with the number of whom it belongs to. Kept and emptied: fresh memory each
 * time would cost more than the asking.
 */
export class Notes {
  count = 0
  /** Low word, high word and owner of each, one after the other. */
  words = new Uint32Array(3 * 1024)
  /** Room for the places of those that pass a sieve. */
  passed = new Uint32Array(1024 + 1)

  note(low: number, high: number, owner: number): void {
    const at = 3 * this.count++
    if (at === this.words.length) this.#grow()
    const { words } = this
    words[at] = low === 0 ? 1 : low
    words[at + 1] = high
    words[at + 2] = owner
  }

  #grow(): void {
    const old = this.words
    this.words = new Uint32Array(2 * old.length)
    this.words.set(old)
    this.passed = new Uint32Array(2 * this.passed.length)
  }
}

/** Both words, mixed: fingerprints that share half their bits still spread. */
function spread(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0xc2b2_ae35)
  return mixed ^ (mixed >>> 15)
}
