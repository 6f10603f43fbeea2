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
