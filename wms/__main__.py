"""`python -m wms` is the `wms` command."""

from wms.cli import app

app(prog_name="wms")
