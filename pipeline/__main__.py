"""`python -m pipeline` is the `newsline` command."""

from pipeline.cli import main

if __name__ == "__main__":  # worker processes import this module too
    main()
