"""Query strings of the list of mass drops."""

from monitor.model.target import Metric
from refilld.services.list_query import QueryFormat, word_of
from storage.mass_drops import MassDropFilter

MASS_DROPS = QueryFormat(MassDropFilter, {"metric": word_of(Metric)})
