"""The versions of the catalogue that the table holds: the one that counts, and former ones."""

from collections.abc import Mapping

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item, Pointer
from pocketfiles.catalogue.items import HEADER, indexed_from


class CatalogueVersions:
    """Filled item by item from the table, then kept in step with what is published."""

    def __init__(self) -> None:
        self.definitions: dict[str, Item] = {}
        """The definitions of the version that counts, by sort key."""
        self.indexed: frozenset[tuple[str, str]] = frozenset()
        """The fields that have index items, by the ids of collection and field."""
        self.former: dict[str, list[str]] = {}
        """Sort keys of the other versions, by partition key."""
        self._sort_keys: dict[str, list[str]] = {}
        """Sort keys of the version that counts, by its partition key."""

    def add(self, item: Item, pointer: Pointer) -> None:
        """An item of a version as the table has it; the pointer tells which version counts."""
        pk = item["pk"]["S"]
        sk = item["sk"]["S"]
        current = keys.catalogue(pointer.catalogue) if pointer.catalogue else keys.CATALOGUE
        if pk != current:
            self.former.setdefault(pk, []).append(sk)
            return
        self._sort_keys.setdefault(pk, []).append(sk)
        if sk == HEADER:
            self.indexed = indexed_from(item)
        else:
            self.definitions[sk] = {**item, "pk": {"S": keys.CATALOGUE}}

    def publish(
        self,
        definitions: Mapping[str, Item],
        indexed: frozenset[tuple[str, str]],
        generation: int,
    ) -> None:
        """A generation has published these definitions; the version before it is a former one."""
        current = keys.catalogue(generation)
        for pk in list(self._sort_keys):
            if pk != current:
                self.former[pk] = self._sort_keys.pop(pk)
        self.definitions = dict(definitions)
        self.indexed = indexed
        self._sort_keys[current] = [*self.definitions, HEADER]
