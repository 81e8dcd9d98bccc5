"""What headers say that a publisher wants."""

import pytest

from pipeline.fetch.wishes import Wishes, publisher_wishes

NONE = Wishes()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Robots-Tag", "noindex, nofollow", Wishes(noindex=True)),
        ("x-robots-tag", "NONE", Wishes(noindex=True)),
        ("X-Robots-Tag", "newsline: noindex", Wishes(noindex=True)),
        ("X-Robots-Tag", "otherbot: noindex", NONE),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST", NONE),
        ("X-Robots-Tag", "noai, noimageai", Wishes(tdm_reserved=True)),
        ("X-Robots-Tag", "all", NONE),
        ("TDM-Reservation", "1", Wishes(tdm_reserved=True)),
        ("tdm-reservation", "0", NONE),
        ("Content-Type", "noindex", NONE),
    ],
)
def test_headers_are_read_as_their_authors_mean_them(name, value, expected):
    assert publisher_wishes([(name, value)]) == expected


def test_several_lines_add_up():
    headers = [("X-Robots-Tag", "otherbot: noindex"), ("X-Robots-Tag", "noindex"),
               ("tdm-reservation", "1")]  # fmt: skip
    assert publisher_wishes(headers) == Wishes(noindex=True, tdm_reserved=True)
