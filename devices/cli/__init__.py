"""Command lines of the person next to the gateway: `wms devices`, `wms firmware`."""
