"""The language of an order."""

import pytest

from monitor.errors import BadInputError
from refilld.orders_file.language import language


@pytest.mark.parametrize(
    ("text", "code"), [("es", "es"), ("ES", "es"), ("pt_BR", "pt-BR"), ("tr-TR", "tr-TR")]
)
def test_a_code_is_read_in_any_spelling(text: str, code: str) -> None:
    assert language("language", text) == code


@pytest.mark.parametrize("text", ["Spanish", "e", "es BR", "\u0435\u0441", "es-"])
def test_what_is_no_code_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(BadInputError, match="is not the code of a language; write it like es or pt-BR"):
        language("language", text)
