"""Where a bot can live: each module makes a `Platform` of one place. They do not know each other."""
