/** Text as it stands in HTML. */
const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it may stand in HTML, in an attribute's quotes too. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, sign => entities[sign]!)
