/** Names of people, compared. */

/**
 * Whether two names are one person's: a name in other letters is the same name, and so is one that differs in nothing that can be seen. The
 * schema says the former too.
 */
export const samePerson = (one: string, other: string): boolean => folded(one) === folded(other)
const folded = (name: string) =>
  name
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}]/gu, '')
    .replace(/ +/g, ' ')
    .trim()
    .toLowerCase()

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
