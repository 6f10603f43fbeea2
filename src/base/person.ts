/** Names of people, compared. */

/**
 * What nobody sees, or sees as a blank: what Unicode lets a reader leave out, controls, formats and code
 * points that are no characters yet, and the few characters that are drawn as nothing without any property
 * that says so (Braille's, a notehead's, hieroglyphs', Khitan's, a missing object's).
 */
const unseen = /[\p{Default_Ignorable_Code_Point}\p{C}\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}]/u
const everyUnseen = new RegExp(unseen, 'gu')

/**
 * Whether two names may be one person's, who then does not approve their own work: as `sameName` has it, and
 * with accents or without, for "José" at a command line may be "jose" of the console.
 */
export const samePerson = (one: string, other: string): boolean =>
  sameName(one, other) || sameName(withoutAccents(one), withoutAccents(other))

const withoutAccents = (name: string): string => name.normalize('NFKD').replace(/\p{M}/gu, '')

/**
 * Whether two names are one: a name in other letters is the same name, and so is one that differs in nothing
 * that can be seen. The schema says the former too.
 */
export const sameName = (one: string, other: string): boolean =>
  // Whether a blank of the kind stands for a space or for nothing depends on who draws it, so beside one no
  // space counts.
  [one, other].some(name => unseen.test(name))
    ? plainName(one).replaceAll(' ', '') === plainName(other).replaceAll(' ', '')
    : plainName(one) === plainName(other)

/** A name as names are compared. */
export const plainName = (name: string): string =>
  name
    .normalize('NFKC')
    .replaceAll('’', "'")
    .replace(/\s+/g, ' ')
    .replace(everyUnseen, '')
    .replace(/ +/g, ' ')
    .trim()
    .toLowerCase()

/**
 * The first character of a name that nobody sees, as Unicode numbers it: `U+2800`. Undefined where all is
 * seen.
 */
export const unseenIn = (name: string): string | undefined => {
  const point = unseen.exec(name)?.[0].codePointAt(0)
  return point === undefined ? undefined : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
}

/**
 * A name as it looks: names that answer alike are taken for one another by whoever reads them. Of signs that
 * Unicode lists as confusable with each other (UTS #39, confusables.txt), those that names are written with:
 * `0 O`, `1 I | l` and `m rn`. Every other sign of that list is refused in a name (`isUserName`, `unlikeIn`),
 * so no table of all of them is needed. Beside them `vv` reads as `w`, and the marks between words as one
 * another.
 */
export const lookOf = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[1I|]/g, 'l')
    .replaceAll('0', 'o')
    .toLowerCase()
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replace(/[\s._-]+/g, '-')

/** Whether one of two names is taken for the other by whoever reads quickly, accents or none. */
export const looksLike = (one: string, other: string): boolean =>
  lookOf(withoutAccents(one)) === lookOf(withoutAccents(other))

/** Letters that are no ASCII letter with an accent, and are told from every one at sight. */
const latinBesides = 'ÆÐØÞßæðøþĐđĦħŁłŊŋŒœ'

/**
 * The first character of a name by which it might look like another's: of another alphabet ("rosa" can be
 * written wholly in Cyrillic), a Latin letter of phonetics, an accent of its own, a dash or a quotation mark
 * that is like another. Whole scripts and not pairs of letters: which letters look alike is a list of
 * Unicode's that no runtime has, and that names of new letters outrun. Undefined where every character is a
 * Latin letter, an accented one, a digit, a space or ASCII's punctuation.
 */
export function unlikeIn(name: string): string | undefined {
  const odd = [...name.normalize('NFKC')].find(character => {
    const [base = '', ...marks] = character.normalize('NFD')
    const isPlain = /^[ -~]$/.test(base) && marks.every(mark => /\p{M}/u.test(mark))
    return !isPlain && !/\s/.test(character) && character !== '’' && !latinBesides.includes(character)
  })
  return odd && `${odd} (U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')})`
}
