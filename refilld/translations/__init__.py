"""The words that people read, in every shipped language: one catalogue, read by gettext.

English is the source: its sentences are in the code and the templates. `locale/` has the translations.
Who wants a text asks `translation_of` for the catalogue of a language; nothing here remembers a language.
"""
