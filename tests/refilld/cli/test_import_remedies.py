"""What an import prints for services and statuses that are not configured: a line each, and TOML."""

import tomllib
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from monitor.model.service import Service, Services
from monitor.model.target import Metric
from refilld.cli.import_remedies import MOST_GROUPS, ImportRemedies
from refilld.orders_file import RawRow, Refused
from refilld.orders_file.cells import UnknownStatusError
from refilld.orders_file.service_fault import ServiceFaultError
from refilld.settings.settings import Settings
from tests.refilld.test_toml_format import TEXTS

PROFILE = (Metric.FOLLOWERS,)
POST = (Metric.LIKES, Metric.VIEWS)
FAULTS = st.builds(
    ServiceFaultError, TEXTS, TEXTS, st.sampled_from([PROFILE, POST]), unread=st.booleans()
) | st.builds(ServiceFaultError, TEXTS, TEXTS, unread=st.just(True))
STATUSES = st.builds(UnknownStatusError, TEXTS | st.sampled_from(["Success", "Failed", "Awaiting"]))


def remedies(
    errors: Iterable[ServiceFaultError | UnknownStatusError], services: Services | None = None
) -> ImportRemedies:
    found = ImportRemedies(services or Services({}), has_statuses=False)
    for number, error in enumerate(errors, start=2):
        assert found.add(Refused.row(RawRow(number, {}), error))
    return found


def pasted(found: ImportRemedies) -> dict[str, object]:
    lines = list(found.toml())
    return tomllib.loads("\n".join(lines[1:]))


@given(st.lists(FAULTS | STATUSES, max_size=8))
def test_every_printed_remedy_is_a_valid_configuration(
    errors: list[ServiceFaultError | UnknownStatusError],
) -> None:
    """For any name of a service or status, and several faults of one service."""
    Settings.model_validate(pasted(remedies(errors)))


def test_a_service_is_one_line_with_the_number_of_its_rows() -> None:
    """And one section, whatever its rows leave open."""
    name = 'Followers ♻️ "R30/60" | 👑'
    found = remedies([ServiceFaultError(name, name, PROFILE, unread=True)] * 400)
    (line,) = found.lines()
    assert line == (
        f'service "{name}" (400 rows refused, first in line 2): the configuration does not say what it'
        f' delivers, and the guarantee in its name "{name}" cannot be read'
    )
    assert pasted(found) == {"services": {name: {"metric": "followers", "terms": "default"}}}


def test_the_metric_is_proposed_only_where_it_is_certain() -> None:
    """By the kind of page, or by a word of the name; else the operator chooses."""
    found = remedies(
        ServiceFaultError(key, name, POST)
        for key, name in [
            ("Instagram Likes", "Instagram Likes"), ("1", "Reel views"), ("2", "Likes + Views"), ("3", "3"),
        ]
    )  # fmt: skip
    assert pasted(found) == {
        "services": {"Instagram Likes": {"metric": "likes"}, "1": {"metric": "views"}, "2": {}, "3": {}}
    }
    assert sum(line.startswith("# metric = ") for line in found.toml()) == 4


def test_a_service_that_has_a_section_gets_only_the_missing_key() -> None:
    """A second section of the same name would be no valid configuration."""
    services = Services({"Main": Service(Metric.FOLLOWERS)})
    found = remedies([ServiceFaultError("main", "R30/60", unread=True)], services)
    header, key = found.toml()
    assert header == 'put this directly below [services."Main"], and import again:'
    assert tomllib.loads(key) == {"terms": "default"}


def test_statuses_have_a_proposal_where_the_word_has_a_usual_meaning() -> None:
    """Nothing is used before it is configured."""
    texts = ("Success", "partially-completed", "Awaiting", "Zombie")
    found = remedies([UnknownStatusError(text) for text in texts])
    expected = {"Success": "Completed", "partially-completed": "Partial", "Awaiting": "Pending"}
    assert pasted(found) == {"orders": {"statuses": expected}}
    assert any(line.startswith('# "Zombie" = ') for line in found.toml())


def test_links_to_another_site_propose_to_ignore_the_service() -> None:
    """Unless another row of it has a link to the platform."""
    foreign = ServiceFaultError("TikTok", "TikTok", foreign="'https://tiktok.com/@x' is not on instagram.com")
    assert pasted(remedies([foreign])) == {"services": {"TikTok": {"ignore": True}}}
    both = remedies([foreign, ServiceFaultError("TikTok", "TikTok", PROFILE)])
    assert pasted(both) == {"services": {"TikTok": {"metric": "followers"}}}


def test_the_rows_of_very_many_services_are_told_one_by_one() -> None:
    """Memory does not grow with the names in a file."""
    found = remedies(ServiceFaultError(str(n), str(n), PROFILE) for n in range(MOST_GROUPS))
    assert not found.add(Refused.row(RawRow(9, {}), ServiceFaultError("more", "more", PROFILE)))
    assert len(list(found.lines())) == MOST_GROUPS
