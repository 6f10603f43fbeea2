/** Names of people, compared. */

/**
 * What nobody sees, or sees as a blank: what Unicode lets a reader leave out, controls, formats and code points that are no characters yet, and the
 * few characters that are drawn as nothing without any property that says so (Braille's, a notehead's, hieroglyphs', Khitan's, a missing object's).
 */
const unseen = /[\p{Default_Ignorable_Code_Point}\p{C}\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}]/u
const everyUnseen = new RegExp(unseen, 'gu')

/**
 * Whether two names are one person's: a name in other letters is the same name, and so is one that differs in nothing that can be seen. The
 * schema says the former too.
 */
export const samePerson = (one: string, other: string): boolean =>
  // Whether a blank of the kind stands for a space or for nothing depends on who draws it, so beside one no space counts.
  [one, other].some(name => unseen.test(name))
    ? plainName(one).replaceAll(' ', '') === plainName(other).replaceAll(' ', '')
    : plainName(one) === plainName(other)

/** A name as names are compared. */
export const plainName = (name: string): string =>
  name.normalize('NFKC').replace(/\s+/g, ' ').replace(everyUnseen, '').replace(/ +/g, ' ').trim().toLowerCase()

/** The first character of a name that nobody sees, as Unicode numbers it: `U+2800`. Undefined where all is seen. */
export const unseenIn = (name: string): string | undefined => {
  const point = unseen.exec(name)?.[0].codePointAt(0)
  return point === undefined ? undefined : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
}

/** Alphabets of which letters look like one another's. */
const alphabets = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Georgian}/u,
]

/** Whether a name has letters of more than one alphabet: "ana" with a Cyrillic а looks like "ana", and would be a second person. */
export function mixesAlphabets(name: string): boolean {
  const letters = [...name.normalize('NFKC')]
  // Letters of any other script look like none of these, and may stand beside them.
  return alphabets.filter(alphabet => letters.some(letter => alphabet.test(letter))).length > 1
}
