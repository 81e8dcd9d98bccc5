"""An index that was made for other documents: nothing is refused for good, everything waits."""

import pytest
from support_index import article, elastic, elastic_settings

from pipeline.adapters.elastic.cluster import connect
from pipeline.errors import IndexUnavailable
from pipeline.ports import IndexResult

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]


def test_documents_wait_until_the_index_is_made_anew(tmp_path):
    settings = elastic_settings(tmp_path)
    index = elastic(tmp_path)
    old = f"{settings.name}-v1-000002"
    with connect(settings, None) as client:
        mapping = client.indices.get_mapping(index=f"{settings.name}-v1-000001").body
        fields = mapping[f"{settings.name}-v1-000001"]["mappings"]
        fields["properties"].pop("tdm_reserved")
        name = f"{settings.name}-old"
        analysis, template = f"{settings.name}-analysis", f"{settings.name}-template"
        client.indices.put_index_template(
            name=name, index_patterns=[old], composed_of=[analysis], priority=500,
            template={"mappings": fields},
        )  # fmt: skip
        aliases = [
            {"remove": {"index": "*", "aliases": [settings.name, f"{settings.name}_write"]}},
            {"add": {"index": old, "alias": settings.name}},
            {"add": {"index": old, "alias": f"{settings.name}_write", "is_write_index": True}},
        ]
        client.indices.create(index=old)
        client.indices.update_aliases(actions=aliases)
        client.indices.delete_index_template(name=name)
        assert client.indices.exists_index_template(name=template)
    with pytest.raises(IndexUnavailable, match=r"tdm_reserved.*index rebuild"):
        index.write([article("a")], [])
    fresh = index.start_rebuild()
    assert fresh.write([article("a")], [])["a"][0] is IndexResult.OK
    index.finish_rebuild(fresh)
    assert index.write([article("b")], [])["b"][0] is IndexResult.OK
    index.close()
