"""How long work takes by the site's own standard, and how many hands a day needs."""
