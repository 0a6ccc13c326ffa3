"""Where goods lie: ABC by picks, directed putaway, free positions."""
