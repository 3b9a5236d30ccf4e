"""The table of data sets and their public homes."""

from pipeline.fetch.sources import DATA_SETS


def test_the_table_of_sources_is_consistent() -> None:
    for data_set in DATA_SETS.values():
        targets = {slot.target for slot in data_set.slots if slot.required}
        members = {member.target for source in data_set.public for member in source.members}
        assert not data_set.public or targets <= members
        shards = {target for target in members if target.startswith("lm/")}
        assert len(shards) == {"conll2000": 1, "conll2003": 0, "paper": 99}[data_set.name]
        assert set(data_set.shards) == (shards if data_set.name == "paper" else set())
        for source in data_set.public:
            assert len({home.file for home in source.homes}) == len(source.homes)
            assert all(home.url.startswith("https://") and len(home.sha256) == 64 for home in source.homes)
