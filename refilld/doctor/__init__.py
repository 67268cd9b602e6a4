"""`refilld doctor`: checks of an installation, each with a finding and a remedy.

One module per subject; `runner` calls them in order. A check changes nothing and sends no request to a
source. What the checks measure for others as well (the forecast of a source) is in `refilld.services`.
"""
