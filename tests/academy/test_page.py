"""The page takes paths, statuses and limits from the contract, as the API does."""

import json
from importlib.resources import files

from academy_ops import contract
from academy_ops.academy import page


def constants() -> dict[str, object]:
    """What the module ``/web/contract.js`` exports."""
    lines = bytes(page.shared().body).decode().splitlines()
    pairs = (line.removeprefix("export const ").removesuffix(";").split(" = ", 1) for line in lines)
    return {name: json.loads(value) for name, value in pairs}


def test_the_module_that_the_scripts_import_says_what_the_contract_says() -> None:
    shared = constants()
    assert shared["JOBS_PATH"] == contract.JOBS_PATH
    assert shared["UPLOAD_PATH"] == contract.UPLOAD_PATH
    assert shared["ENDED"] == sorted(contract.ENDED)
    assert shared["MAX_UPLOAD_BYTES"] == contract.MAX_UPLOAD_BYTES


def test_no_script_has_a_path_or_an_ended_status_of_its_own() -> None:
    scripts = [part for part in (files("academy_ops.academy") / "web").iterdir() if part.name.endswith(".js")]
    assert len(scripts) >= 7
    for script in scripts:
        text = script.read_text("utf-8")
        assert "/api/" not in text, script.name
        assert '"DONE"' not in text, script.name
