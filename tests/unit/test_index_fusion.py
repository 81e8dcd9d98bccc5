"""Rankings made into one."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.index.fusion import K, fuse

rankings = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=4)


def test_what_several_rankings_name_comes_before_what_one_names_at_the_same_place():
    assert [id_ for id_, _ in fuse([["a", "b", "c"], ["d", "b", "e"]])] == ["b", "a", "d", "c", "e"]


def test_scores_are_sums_of_reciprocal_ranks():
    assert fuse([["a"], ["b", "a"]])[0] == ("a", 1 / (K + 1) + 1 / (K + 2))


def test_a_ranking_alone_keeps_its_order():
    assert [id_ for id_, _ in fuse([["c", "a", "b"], []])] == ["c", "a", "b"]
    assert fuse([]) == []


@given(rankings)
def test_everything_ranked_is_there_once_best_first(given_rankings):
    fused = fuse(given_rankings)
    assert sorted(id_ for id_, _ in fused) == sorted(
        {one for each in given_rankings for one in each}
    )
    assert [score for _, score in fused] == sorted((s for _, s in fused), reverse=True)


@given(rankings)
def test_the_order_of_the_rankings_does_not_matter(given_rankings):
    found, turned = dict(fuse(given_rankings)), dict(fuse(given_rankings[::-1]))
    assert found.keys() == turned.keys()
    assert all(abs(found[one] - turned[one]) < 1e-12 for one in found)
