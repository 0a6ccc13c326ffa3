"""The public contract: one file per process, its facts as frozen dataclasses."""
