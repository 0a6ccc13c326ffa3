"""The only part of `devices` that the WES may import: topics, reports, commands, clock, driver protocol. Pure."""
