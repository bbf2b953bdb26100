"""This machine is a suspect: certificates that are gone, or do not hold, are told apart and blame nobody else."""

import json
import shutil
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import pytest
import trustme

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Connections
from academy_ops.outside.failures import AWS_ERRORS
from academy_ops.settings import load
from checks import access, endpoint, r2
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import EMPTY_BUCKET, R2_KEYS, empty_case, target
from tests.checks.this_machine import JOB, KNOWN, around, asked, tls
from tests.wire import Handler, respond, server


def test_certificates_that_are_gone_are_named_and_blame_nobody(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        with around(**{variable: gone}), target(R2_ENDPOINT="https://127.0.0.1:9", **R2_KEYS) as this:
            result = r2.observe(this, empty_case()).reach
        assert isinstance(result, Unavailable)
        assert (result.reason, result.tried) == ("trust-store", variable)


def authorities(folder: Path) -> dict[str, str]:
    """Return what a variable may name in place of certificates, by what is wrong with that."""
    (folder / "empty").mkdir()
    (folder / "words.pem").write_text("-----BEGIN CERTIFICATE-----\nno such thing\n", "utf-8")
    names = ("gone", "empty", "words.pem")
    return {name: str(folder / name) for name in names}


def test_where_certificates_are_named_that_are_none_an_untrusted_one_is_this_machines(
    tmp_path: Path, compared: Callable[[int], None]
) -> None:
    with server(lambda handler: respond(handler, 200), tls=tls(trustme.CA())) as (url, _):
        for wrong in (named := authorities(tmp_path)).values():
            for variable in ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
                with around(**{variable: wrong}), target(R2_ENDPOINT=url, **R2_KEYS) as this:
                    of_api, of_r2 = asked(url), r2.observe(this, empty_case()).reach
                assert (of_api.status, of_api.evidence["reason"], of_api.evidence["tried"]) == (
                    "unknown",
                    "trust-store",
                    variable,
                )
                assert wrong in str(of_api.evidence["detail"])
                assert isinstance(of_r2, Unavailable)
                assert (of_r2.reason, of_r2.tried) == ("trust-store", variable)
    compared(2 * 3 * len(named))


def test_a_folder_of_certificates_that_is_gone_matters_only_where_a_certificate_is_refused(tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    gone = str(tmp_path / "gone")

    def answer(handler: Handler) -> None:
        respond(handler, 200, EMPTY_BUCKET if "list-type" in handler.path else json.dumps(JOB).encode())

    with (
        server(answer, tls=tls(authority)) as (url, _),
        around(SSL_CERT_DIR=gone),
        target(R2_ENDPOINT=url, SSL_CERT_FILE=str(bundle), **R2_KEYS) as this,
    ):
        assert asked(url, SSL_CERT_FILE=str(bundle)).status == "ok"
        assert r2.observe(this, empty_case()).reach is True
    with (
        around(SSL_CERT_DIR=gone),
        server(lambda handler: respond(handler, 200), tls=tls(authority, "x.example")) as (
            url,
            _,
        ),
    ):
        result = asked(url, SSL_CERT_FILE=str(bundle))
        assert (result.cause, result.reason) == ("endpoint-tls", "name")


def test_certificates_that_are_gone_matter_to_nobody_who_asks_by_http(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    with (
        server(lambda handler: respond(handler, 200, EMPTY_BUCKET)) as (url, _),
        around(AWS_CA_BUNDLE=gone, REQUESTS_CA_BUNDLE=gone),
        target(R2_ENDPOINT=url, **R2_KEYS) as this,
    ):
        assert r2.observe(this, empty_case()).reach is True


def test_a_bundle_that_stands_in_for_the_usual_authorities_is_named_where_it_lacks_the_one(tmp_path: Path) -> None:
    other, bundle = trustme.CA(), tmp_path / "corporate.pem"
    other.cert_pem.write_to_path(str(bundle))
    with (
        server(lambda handler: respond(handler, 200), tls=tls(trustme.CA())) as (url, _),
        around(AWS_CA_BUNDLE=str(bundle)),
        target(R2_ENDPOINT=url, AWS_ENDPOINT_URL=url, **R2_KEYS) as this,
    ):
        for result in (r2.observe(this, empty_case()).reach, access.observe(this, empty_case()).account):
            assert isinstance(result, Unavailable)
            assert (result.reason, result.tried) == ("trust-store", "AWS_CA_BUNDLE")


def test_r2_trusts_what_ssl_cert_file_names_as_the_api_does(tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with (
        server(lambda handler: respond(handler, 200, EMPTY_BUCKET), tls=tls(authority)) as (url, _),
        around(),
        target(R2_ENDPOINT=url, SSL_CERT_FILE=str(bundle), **R2_KEYS) as this,
    ):
        assert r2.observe(this, empty_case()).reach is True


@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"])
def test_whatever_names_certificates_counts_for_the_api_and_r2_alike(variable: str, tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    (tmp_path / "README").write_text("no certificate", "utf-8")
    named = {variable: str(tmp_path if variable == "SSL_CERT_DIR" else bundle)}

    def answer(handler: Handler) -> None:
        respond(handler, 200, EMPTY_BUCKET if "list-type" in handler.path else json.dumps(JOB).encode())

    with server(answer, tls=tls(authority)) as (url, _), around(**named), target(R2_ENDPOINT=url, **R2_KEYS) as this:
        assert asked(url).status == "ok"
        assert r2.observe(this, empty_case()).reach is True


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl here, which names certificates by their subject"
)
def test_of_a_folder_that_openssl_finds_certificates_in_none_is_read_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    named = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(bundle)]
    subject = subprocess.run(named, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    (tmp_path / f"{subject}.0").symlink_to(bundle.name)
    read = noted(monkeypatch)
    with (
        server(lambda handler: respond(handler, 200, json.dumps(JOB).encode()), tls=tls(authority)) as (url, _),
        around(SSL_CERT_DIR=str(tmp_path)),
    ):
        assert asked(url).status == "ok"
    assert read == [str(Path(one).resolve()) for one in (certifi.where(), tmp_path)]


def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note from now on what certificates are loaded from."""
    read, load_as_ever = list[str](), ssl.SSLContext.load_verify_locations

    def load_and_note(
        context: ssl.SSLContext, cafile: str | None = None, capath: str | None = None, *more: Any
    ) -> None:
        read.append(str(cafile or capath))
        load_as_ever(context, cafile, capath, *more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load_and_note)
    return read


@pytest.mark.parametrize(("name", "trusted", "reason"), [("x.example", True, "name"), ("127.0.0.1", False, "issuer")])
def test_certificates_that_fail_are_told_apart(name: str, trusted: bool, reason: str, tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    environ = {"SSL_CERT_FILE": str(bundle)} if trusted else {}
    with around(), server(lambda handler: respond(handler, 200), tls=tls(authority, name)) as (url, _):
        result = asked(url, **environ)
    assert (result.cause, result.reason) == ("endpoint-tls", reason)


def test_where_no_certificate_is_trusted_this_machines_own_are_in_doubt() -> None:
    untrusted = Unavailable("tls", "https://api.example", "unable to get local issuer certificate", "issuer")
    tls_of_r2 = h.r2(reach=Unavailable("tls", "https://account.r2.example"))
    known = {"endpoint": h.endpoint(untrusted), "r2": tls_of_r2}
    nobody = h.case(**known, access=replace(KNOWN, account=Unavailable("tls", "sts:GetCallerIdentity")))
    (result,) = endpoint.judge(nobody)
    assert (result.status, result.evidence["tried"]) == ("unknown", "SSL_CERT_FILE")
    assert {finding.status for finding in r2.judge(nobody)} == {"unknown"}
    (alone,) = endpoint.judge(h.case(endpoint=h.endpoint(untrusted)))
    assert (alone.cause, alone.reason) == ("endpoint-tls", "issuer")


def test_a_port_without_tls_is_told() -> None:
    with around(), server(lambda handler: respond(handler, 200)) as (url, _):
        result = asked(url.replace("http", "https"))
    assert (result.cause, result.reason) == ("endpoint-tls", "no-tls")


@pytest.mark.parametrize("why", ["expired", "not-yet"])
def test_a_certificate_that_this_machines_clock_makes_invalid_is_not_the_apis_fault(why: str) -> None:
    way = h.endpoint(Unavailable("tls", "https://api.example", "certificate verify failed", why))
    (result,) = endpoint.judge(h.case(endpoint=way, access=replace(KNOWN, clock_ahead_seconds=-86400)))
    assert (result.status, result.evidence["reason"]) == ("unknown", "clock-skew")
    (right,) = endpoint.judge(h.case(endpoint=way))
    assert (right.cause, right.reason) == ("endpoint-tls", why)


def test_a_run_reads_each_file_of_certificates_once_whatever_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with (
        server(lambda handler: respond(handler, 200, EMPTY_BUCKET), tls=tls(authority)) as (url, seen),
        around(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_ENDPOINT_URL=url),
    ):
        settings = load(environ={"R2_ENDPOINT": url, **R2_KEYS}, default_env_file=None)
        read = noted(monkeypatch)
        connect = Connections(replace(settings, certificates=(str(bundle),)))
        calls: list[Callable[[], object]] = [
            lambda: connect.get(url),
            lambda: connect.r2().list_objects_v2(Bucket="academy-excel"),
            lambda: connect.aws("lambda").get_function_configuration(FunctionName="f"),
            lambda: connect.aws("scheduler").get_schedule(Name="s"),
        ]
        with ThreadPoolExecutor() as pool, suppress(*AWS_ERRORS):
            list(pool.map(lambda call: call(), calls))
    assert len(seen) >= 4
    assert sorted(read) == sorted([certifi.where(), str(bundle)])
