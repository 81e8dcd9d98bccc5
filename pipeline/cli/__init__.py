"""The `newsline` command: one file per group of subcommands, assembled in `main`."""

from pipeline.cli.root import main

__all__ = ["main"]
