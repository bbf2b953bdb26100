"""Secrets and control characters never leave."""

import pytest

from academy_ops.diagnosis.redact import masked, printable, redacted


def test_a_known_secret_is_masked_wherever_it_stands() -> None:
    assert redacted("key=abcd1234/abcd1234", ["abcd1234"]) == "key=***/***"


def test_a_longer_secret_goes_first_so_that_nothing_of_it_is_left() -> None:
    assert redacted("abcd1234efgh", ["abcd1234", "abcd1234efgh"]) == "***"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("AKIAIOSFODNN7EXAMPLE is unknown", "AKIAIOSFODNN7EXAMPLE"),
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        ("postgresql://user:pass@db/academy", "pass"),
        ("https://x/?X-Amz-Signature=0123456789abcdef", "0123456789abcdef"),
    ],
)
def test_secrets_of_a_known_form_are_masked_though_nobody_named_them(text: str, secret: str) -> None:
    assert secret not in redacted(text)


def test_what_was_masked_is_counted_by_its_kind_and_never_by_its_value() -> None:
    text, counts = masked("k=abcd1234 k=abcd1234 postgresql://user:pass@db", {"abcd1234": "setting R2_ACCESS_KEY"})
    assert text == "k=*** k=*** postgresql://***@db"
    assert counts == {"setting R2_ACCESS_KEY": 2, "password in a URL": 1}


def test_a_second_masking_finds_nothing_more() -> None:
    once, _counts = masked("Bearer abcdefghijkl, postgresql://user:pass@db, AKIAIOSFODNN7EXAMPLE", {})
    assert masked(once, {}) == (once, {})


def test_terminal_escape_sequences_do_not_survive() -> None:
    assert "\x1b" not in printable("\x1b]0;owned\x07 한글\n")
    assert printable("한글\n") == "한글\n"


def test_a_secret_is_masked_that_json_writes_with_escapes() -> None:
    for slash in ("/", "\\/", "\\\\/", "\\u002f", "\\\\u002F"):
        for plus in ("+", "\\u002b"):
            text = f'{{"error": "bad key abcd{slash}K7{plus}MD"}}'
            assert redacted(text, ["abcd/K7+MD"]) == '{"error": "bad key ***"}'
        assert "pass" not in redacted(f"postgres:{slash}{slash}user:pass@db/academy")
    # Of a character that JSON must escape, and a secret that is itself written so.
    text = '{"a": "\\u0022\\u005c\\n\\ud5e4"}'
    assert redacted(text, ["abcd"]) == text
    assert redacted("key=ab\\/cd", ["ab\\/cd"]) == "key=***"
