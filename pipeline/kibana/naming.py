"""What things are called in Kibana: all ids are fixed and begin with the name of the collection."""

from dataclasses import dataclass

from pipeline.kibana.source import View

DEFAULT = "news"
#: Percent signs as they stand in a link: %22 is a quotation mark.
_OPENED = "?_a=(query:(language:kuery,query:'article_id:%22{{value}}%22'))"


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of one collection's objects."""

    collection: str = DEFAULT

    def id_of(self, key: str) -> str:
        """Return an object's id; pushing it again replaces it."""
        return f"{self.collection}-{key}"

    def title_of(self, title: str) -> str:
        """Return a title; a collection with a name of its own says it."""
        return title if self.collection == DEFAULT else f"{title} ({self.collection})"

    def alias_of(self, view: View) -> str:
        """Return the alias in Elasticsearch that a data view reads."""
        return self.collection if view.index == "articles" else f"{self.collection}_{view.index}"

    def link(self, to: str) -> str:
        """Return the template of a link: `to` itself, or of a dashboard, opened for one article.

        A dashboard's has no slash before it: so it leads to the space that one is in.
        """
        return to if "{{" in to else f"dashboards#/view/{self.id_of(to)}{_OPENED}"

    def reference(self, type_: str, key: str, name: str) -> dict[str, str]:
        """Return a saved object's reference to another one."""
        return {"type": type_, "id": self.id_of(key), "name": name}
