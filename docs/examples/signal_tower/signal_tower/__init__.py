"""An example of a third-party driver: a signal tower with a button per colour, spoken to in lines of text over TCP."""
