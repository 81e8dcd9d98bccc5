"""`python -m pipeline` is the `newsline` command."""

from pipeline.cli import main

main()
