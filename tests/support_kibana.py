"""Reads what is rendered for Kibana as Kibana would, and asks Elasticsearch and by hand.

Kibana itself cannot run here. So a chart is taken from the file that ships, its columns are turned
into the aggregations that Kibana's editor makes of them, and the answer is held against a count
over plain documents.
"""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from statistics import mean

import orjson

RECORDS = "___records___"
_WHERE = re.compile(r'(\w+) : (\*|"(?:[^"\\]|\\.)*"|\((?:"(?:[^"\\]|\\.)*"(?: or )?)+\))')


def read_ndjson(text):
    return [orjson.loads(line) for line in text.splitlines()]


def by_type(objects, type_):
    return {one["id"]: one for one in objects if one["type"] == type_}


def panels_of(dashboard):
    return orjson.loads(dashboard["attributes"]["panelsJSON"])


def columns_of(panel):
    """Return column id → column of a chart, in order."""
    states = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]
    (layer,) = states["formBased"]["layers"].values()
    return {name: layer["columns"][name] for name in layer["columnOrder"]}


def query_of(panel):
    return panel["embeddableConfig"]["attributes"]["state"]["query"]["query"]


def what_is_counted(panel):
    """Return what a chart of a saved dashboard counts: its groups, its time axis, its numbers."""
    columns = columns_of(panel).values()
    found = {"by": [], "over": [], "numbers": []}
    for column in columns:
        op, field, parameters = column["operationType"], column["sourceField"], column["params"]
        where = column.get("filter", {}).get("query", "")
        if op == "terms":
            found["by"].append((field, parameters["size"]))
        elif op == "date_histogram":
            found["over"].append((field, parameters["interval"]))
        else:
            if op == "last_value" and where == f"{field} : *":
                where = ""  # the editor's own, which the API puts there by itself
            more = parameters.get("percentile"), parameters.get("sortField")
            found["numbers"].append((op, None if field == RECORDS else field, *more, where))
    return found


def what_is_counted_by_api(config):
    """Return the same of a chart in the form of the Dashboards API."""
    (layer,) = config.get("layers", [config])
    found = {"by": [], "over": [], "numbers": []}
    x = layer.get("x")
    for group in [*layer.get("rows", ()), x, layer.get("breakdown_by")]:
        if group is None:
            continue
        if group["operation"] == "date_histogram":
            found["over"].append((group["field"], group["suggested_interval"]))
        else:
            (field,) = group["fields"]
            found["by"].append((field, group["limit"]))
    for one in [*layer.get("metrics", ()), *layer.get("y", ())]:
        more = one.get("percentile"), one.get("time_field")
        where = one.get("filter", {}).get("expression", "")
        found["numbers"].append((one["operation"], one.get("field"), *more, where))
    return found


def window_of(dashboard, now):
    """Return the span of time that a dashboard opens with, of which `now` is the end or a part."""
    return tuple(_moment(dashboard["attributes"][end], now) for end in ("timeFrom", "timeTo"))


def _moment(text, now):
    if not text.startswith("now"):
        return datetime.fromisoformat(text)
    matched = re.fullmatch(r"now(?:-(\d+)([hdy]))?", text)
    assert matched, text
    amount, unit = matched.groups(default="")
    hours = {"h": 1, "d": 24, "y": 24 * 365, "": 0}[unit]
    return now - timedelta(hours=int(amount or 0) * hours)


def es_window(time_field, window):
    """Return the filter that Kibana adds for the span of time of a dashboard."""
    start, end = (moment.isoformat() for moment in window)
    return {"range": {time_field: {"gte": start, "lte": end}}}


def is_within(document, time_field, window):
    start, end = window
    return start <= datetime.fromisoformat(document[time_field]) <= end


def parse_kql(text):
    """Return [(field, values)] of the part of the language that we write; None: any value."""
    if not text:
        return []
    parts = []
    for part in re.split(r" and (?=\w+ : )", text):
        matched = _WHERE.fullmatch(part)
        assert matched, part
        field, value = matched.groups()
        quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
        values = None if value == "*" else [re.sub(r"\\(.)", r"\1", one) for one in quoted]
        parts.append((field, values))
    return parts


def es_filters(text):
    return [
        {"exists": {"field": field}} if values is None else {"terms": {field: values}}
        for field, values in parse_kql(text)
    ]


def matches(document, text):
    return all(
        values_of(document, field)
        if values is None
        else set(values) & set(values_of(document, field))
        for field, values in parse_kql(text)
    )


def values_of(document, field):
    value = document.get(field)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# ── what Elasticsearch is asked ───────────────────────────────────────────────────────────────


def es_request(columns, filters):
    """Return the search body of a chart: groups inside groups, measures in the innermost."""
    buckets = [name for name, column in columns.items() if column["isBucketed"]]
    measures = {
        name: _es_measure(column) for name, column in columns.items() if not column["isBucketed"]
    }
    aggs = {}
    for name, agg in measures.items():
        column = columns[name]
        wanted = es_filters(column["filter"]["query"]) if "filter" in column else []
        inner = {"value": agg} if agg else {}
        aggs[name] = {"filter": {"bool": {"filter": wanted}}, "aggs": inner}
    for name in reversed(buckets):
        aggs = {name: {**_es_bucket(columns[name], columns), "aggs": aggs}}
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"filter": filters}},
        "aggs": aggs,
    }


def _es_bucket(column, columns):
    field, parameters = column["sourceField"], column["params"]
    if column["operationType"] == "date_histogram":
        interval = "1d" if parameters["interval"] == "auto" else parameters["interval"]
        return {"date_histogram": {"field": field, "fixed_interval": interval, "min_doc_count": 1}}
    assert parameters["orderBy"] == {"type": "column", "columnId": "m0"}
    assert columns["m0"]["dataType"] == "number", "only numbers can be ranked by"
    # All values: which of two that are equal comes first is Kibana's business, not a right number.
    return {"terms": {"field": field, "size": 1_000}}


def _es_measure(column):
    field, parameters = column["sourceField"], column["params"]
    op = column["operationType"]
    if op == "count":
        assert field == RECORDS
        return None
    if op == "last_value":
        newest = [{parameters["sortField"]: "desc"}]
        return {"top_hits": {"size": 1, "sort": newest, "_source": [field]}}
    if op in ("median", "percentile"):
        return {"percentiles": {"field": field, "percents": [parameters.get("percentile", 50)]}}
    names = {"unique_count": "cardinality", "average": "avg"}
    return {names.get(op, op): {"field": field}}


def es_groups(columns, answer):
    """Return (value of each bucket column, …) → (measure, …) of an answer."""
    buckets = [name for name, column in columns.items() if column["isBucketed"]]
    found = {}

    def walk(level, aggregations, key):
        if level == len(buckets):
            found[key] = tuple(
                _es_value(column, aggregations[name])
                for name, column in columns.items()
                if not column["isBucketed"]
            )
            return
        for bucket in aggregations[buckets[level]]["buckets"]:
            walk(level + 1, bucket, (*key, bucket["key"]))

    walk(0, answer["aggregations"], ())
    return found


def _es_value(column, aggregation):
    match column["operationType"]:
        case "count":
            return aggregation["doc_count"]
        case "median" | "percentile":
            (value,) = aggregation["value"]["values"].values()
            return value
        case "last_value":
            hits = aggregation["value"]["hits"]["hits"]
            return hits[0]["_source"][column["sourceField"]] if hits else None
        case _:
            return aggregation["value"]["value"]


# ── the same, counted by hand ─────────────────────────────────────────────────────────────────


def counted(columns, documents):
    """Return (value of each bucket column, …) → (measure, …), counted over documents."""
    groups = defaultdict(list)
    for document in documents:
        keys = [()]
        for column in columns.values():
            if column["isBucketed"]:
                mine = dict.fromkeys(_bucket_values(column, document))
                keys = [(*key, value) for key in keys for value in mine]
        for key in keys:
            groups[key].append(document)
    if not any(column["isBucketed"] for column in columns.values()):
        groups.setdefault((), [])
    measures = [column for column in columns.values() if not column["isBucketed"]]
    return {
        key: tuple(_count(column, members) for column in measures)
        for key, members in groups.items()
    }


def _bucket_values(column, document):
    values = values_of(document, column["sourceField"])
    if column["operationType"] == "terms":
        return values
    day_ms = 24 * 3600 * 1000
    return [moment_ms(value) // day_ms * day_ms for value in values]


def moment_ms(text):
    """Return milliseconds, as Elasticsearch keeps a moment."""
    at = datetime.fromisoformat(text)
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def _count(column, documents):
    if "filter" in column:
        documents = [one for one in documents if matches(one, column["filter"]["query"])]
    field, op = column["sourceField"], column["operationType"]
    if op == "count":
        return len(documents)
    if op == "last_value":
        newest = max(documents, key=lambda one: one[column["params"]["sortField"]], default=None)
        return newest[field] if newest else None
    values = [value for one in documents for value in values_of(one, field)]
    if op == "unique_count":
        return len(set(values))
    if column["dataType"] == "date":
        values = [moment_ms(value) for value in values]
    if op in ("median", "percentile"):
        return (min(values), max(values)) if values else None  # between these it has to be
    functions = {"sum": sum, "min": min, "max": max, "average": mean}
    return functions[op](values) if values else (0 if op == "sum" else None)


def disagreements(columns, asked, expected):
    """Return what differs between an answer and a count."""
    wrong = [f"{key}: only in one" for key in asked.keys() ^ expected.keys()]
    measures = [column for column in columns.values() if not column["isBucketed"]]
    for key in asked.keys() & expected.keys():
        for column, got, wanted in zip(measures, asked[key], expected[key], strict=True):
            if not _agree(got, wanted):
                wrong.append(f"{key} {column['label']}: {got}, not {wanted}")
    return wrong


def _agree(got, wanted):
    """Compare; measures that are no whole numbers are kept as 32 bits."""
    if isinstance(wanted, tuple):
        lowest, highest = wanted
        return got is not None and lowest * (1 - 1e-6) <= got <= highest * (1 + 1e-6)
    if isinstance(wanted, float) and isinstance(got, (int, float)):
        return abs(got - wanted) <= 1e-6 * max(1.0, abs(wanted))
    return got == wanted


def overlapping(grids):
    """Return the cells of a grid that more than one panel stands on."""
    cells = Counter(
        (x, y)
        for grid in grids
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    )
    return [cell for cell, panels in cells.items() if panels > 1]
