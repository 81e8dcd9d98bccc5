"""Asks the API all that its OpenAPI file allows, and much that it does not allow.

Whatever comes: no bug answers, and each answer is one that the file describes. Two things are not
asked. That all it allows is accepted: a query's text has rules of its own, and is refused (400)
beyond them. That all else is refused: in an address a wrong type (`country=null`) is text, too.
"""

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from support_index import EVERY_ENGINE, ROOT
from support_serve import client, fill, make_key, served, with_settings

PATHS = orjson.loads((ROOT / "docs" / "openapi.json").read_bytes())["paths"]
#: Not what never ends; and where there is nothing to say, nothing wrong can be said.
ASKED = [
    (path, method.upper(), mode)
    for path, methods in PATHS.items()
    for method, route in methods.items()
    for mode in GenerationMode
    if "text/event-stream" not in route["responses"].get("200", {}).get("content", ())
    and (mode is GenerationMode.POSITIVE or "parameters" in route or "requestBody" in route)
]
EXAMPLES = 40
NOT_ASKED = [positive_data_acceptance, negative_data_rejection]


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def api(request, tmp_path_factory):
    """The schema of a filled server, and a key that may do everything."""
    with served(tmp_path_factory.mktemp("serve"), request.param) as doors:
        filled = with_settings(fill(doors), requests_per_minute=1_000_000)
        key = make_key(filled)
        app = client(filled).app
        yield schemathesis.openapi.from_asgi("/v1/openapi.json", app), key


@pytest.mark.parametrize(("path", "method", "mode"), ASKED)
def test_whatever_is_asked_is_answered_as_documented(api, path, method, mode):
    schema, key = api

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def ask(case):
        headers = {"Authorization": f"Bearer {key}"}
        case.call_and_validate(headers=headers, excluded_checks=NOT_ASKED)

    ask()
