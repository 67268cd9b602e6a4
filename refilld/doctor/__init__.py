"""`refilld doctor`: what is wrong with an installation, before somebody is disappointed, and what to do."""
