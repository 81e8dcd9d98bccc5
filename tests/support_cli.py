"""The command line as a tree, for tests that look at every command."""

import typer

from pipeline.cli.root import build


def leaves(command=None, name=""):
    """Yield every command with its name, without that of the program."""
    command = command or typer.main.get_command(build([]))
    for word, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, f"{name} {word}".strip())
    if not hasattr(command, "commands"):
        yield name, command
