"""`newsline index events`: deliver what the dashboards of those who run the pipeline count."""

import logging
from typing import Annotated

import typer

from pipeline import logs
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json, print_table
from pipeline.errors import UsageError
from pipeline.events import deliver_events


def events(
    *,
    again: Annotated[
        bool,
        typer.Option("--again", help="All from the beginning: for a new or damaged cluster."),
    ] = False,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Deliver the events that the cluster does not have yet: outcomes, poll results, freshness.

    A run does so by itself; this is for what waited while the cluster was away. What is there
    already stays as it is. Exit code 1 when some could not be delivered.

    Example: newsline index events --data var/newsline
    """
    logs.configure(level=logging.ERROR)  # each refused event is a line
    with open_existing(data, config) as app:
        sink = app.events
        if sink is None:
            raise UsageError('this is for [index] kind = "elasticsearch"; yours is embedded')
        last = deliver_events(app.ledger, sink, after=0 if again else None)
        held, refused = last.events, last.refused
        while last.more:
            last = deliver_events(app.ledger, sink, after=last.position)
            held, refused = held + last.events, refused + last.refused
    report = {
        "delivered": held,
        "refused": refused,
        "waiting": last.waiting,
        "position": last.position,
    }
    if json:
        print_json(report)
    else:
        print_table("Events", ("what", "value"), list(report.items()))
    if last.waiting:
        complain(last.why)
    if last.waiting or refused:
        raise typer.Exit(BAD_NEWS)
