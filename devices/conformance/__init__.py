"""The kit every driver must pass, ours and third parties': `python -m devices.conformance <family>`. See docs/plugins.md."""
