/**
 * Which product a button is about: for who hears the buttons one after another; who sees it has the name
 * beside it.
 */

export const Of = ({ name }: { name: string }) => <span class="hidden-text"> {name}</span>
