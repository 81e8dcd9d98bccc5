"""Near copies share keys and runs of words; other texts do not."""

import pytest

from pipeline.enrich.shingles import MIN_CHARS, band_keys, containment, resemblance, word_runs

TEXT = (
    "The first patrol left the camp near Akçakale at noon. Four armoured vehicles crossed the "
    "border through a gap in the wall, drove along the Balikh river and came back three hours "
    "later, while two helicopters kept watch; villagers stood beside the road and filmed them."
)
CHINESE = (
    "第一支巡逻队于中午离开了阿克恰卡莱附近的营地四辆装甲车穿过边界墙的缺口沿着河"
    "流行驶三小时后返回两架直升机在空中警戒村民们站在路边拍摄"
)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper(),
        lambda text: text[: len(text) * 2 // 3],
        lambda text: f"Wire service report. {text} All rights reserved.",
        lambda text: text.replace("three hours", "two hours"),
    ],
)
def test_a_changed_copy_shares_keys_and_most_runs(change):
    runs, others = word_runs(TEXT), word_runs(change(TEXT))
    assert set(band_keys(runs)) & set(band_keys(others))
    assert containment(runs, others) > 0.85


def test_a_text_without_spaces_has_runs_too():
    text = CHINESE * 3
    runs, cut = word_runs(text), word_runs(text[:60] + text[80:])
    assert set(band_keys(runs)) & set(band_keys(cut))
    assert containment(runs, cut) > 0.7


def test_another_text_has_neither():
    other = " ".join(reversed(TEXT.split()))
    assert not set(band_keys(word_runs(TEXT))) & set(band_keys(word_runs(other)))
    assert containment(word_runs(TEXT), word_runs(other)) == 0.0


def test_a_short_text_has_no_keys():
    assert band_keys(word_runs("Subscribe to read this article. " * 2)) == ()
    assert word_runs("x" * (MIN_CHARS - 1)) == frozenset()


def test_shares_are_of_the_shorter_text_and_of_both():
    assert containment({1, 2}, {2, 3, 4}) == 0.5
    assert resemblance({1, 2}, {2, 3, 4}) == 0.25
    assert containment(set(), {1}) == resemblance(set(), set()) == 0.0
