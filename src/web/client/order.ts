/** The order page's own module: hears from the server when something changed, and shows it. */
export {}
