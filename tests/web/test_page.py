"""The page that a teacher sees, in a real browser, through the edge."""

import re
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from academy_ops.academy import sample_workbooks
from academy_ops.contract import JOBS_PATH
from tests.lab_driver import Lab
from tests.web.teacher import PASSWORD, XLSX, Teacher, as_offered

pytestmark = pytest.mark.timeout(240)
ENGLISH = pytest.mark.parametrize("page", ["en-GB"], indirect=True)
BOTH = pytest.mark.parametrize(("page", "done"), [("ko-KR", "완료: "), ("en-GB", "Done: ")], indirect=["page"])


def made_two_minutes_ago(route: Route) -> None:
    """Let the API say that the job was made two minutes ago."""
    answer = route.fetch()
    made = datetime.now(UTC) - timedelta(seconds=125)
    route.fulfill(response=answer, json=answer.json() | {"created_at": made.isoformat()})


@BOTH
def test_an_upload_is_followed_to_its_end_and_its_students_are_listed(teacher: Teacher, done: str) -> None:
    teacher.choose(sample_workbooks.students(3, first=7001))
    expect(teacher.outcome).to_have_text(re.compile(f"^{done}"), timeout=30_000)
    expect(teacher.page.locator("#rows")).to_contain_text("010")
    assert teacher.barriers() == []


def test_the_template_registers_nobody_until_it_is_filled_in(teacher: Teacher) -> None:
    teacher.page.locator("#open").click()
    with teacher.page.expect_download() as download:
        teacher.page.locator("#dialog a").click()
    content = download.value.path().read_bytes()
    teacher.page.locator("#cancel").click()
    assert content[:4] == as_offered()[:4]
    teacher.choose(content)
    expect(teacher.outcome).to_have_text(re.compile("^등록에 실패했습니다: 등록할 학생 행이 없습니다"), timeout=30_000)


def test_rejected_rows_are_told_one_by_one_with_their_reasons(teacher: Teacher) -> None:
    teacher.choose(sample_workbooks.faulty("job-partial"))
    expect(teacher.outcome).to_have_text(re.compile("행 1개는 등록하지 못했습니다"), timeout=30_000)
    rejected = teacher.page.locator(".rejected li")
    expect(rejected).to_have_text(re.compile(r"^4행 김두리: .*010.* \(010-123\)$"))
    expect(rejected).to_be_visible()
    assert teacher.barriers() == []
    teacher.page.reload()
    expect(rejected).to_be_visible()


@pytest.mark.parametrize(
    ("page", "summary", "more"),
    [
        ("ko-KR", "등록하지 못한 행 201개", "등록하지 못한 행 더 보기"),
        ("en-GB", "Rejected rows: 201", "Show more rejected rows"),
    ],
    indirect=["page"],
)
def test_rejected_rows_after_the_first_hundred_are_shown_with_the_keyboard_on_a_phone(
    teacher: Teacher, summary: str, more: str
) -> None:
    page = teacher.page
    page.set_viewport_size({"width": 360, "height": 640})
    bad = [("", f"가람{number}", "010-1") for number in range(201)]
    teacher.choose(sample_workbooks.workbook([sample_workbooks.HEADER, *bad]))
    rows, button = page.locator(".rejected li"), page.locator(".more-rows")
    expect(rows).to_have_count(100, timeout=30_000)
    expect(button).to_have_text(more)
    button.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(200)
    expect(rows.nth(100)).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert teacher.barriers() == []
    teacher.lab.break_fault("proxy-upstream-down")
    button.click()
    expect(page.locator(".rows-trouble")).to_contain_text("HTTP 502")
    teacher.lab.do("lab", "heal")
    button.click()
    expect(rows).to_have_count(201)
    expect(page.locator(".rows-trouble")).to_have_text("")
    expect(page.locator(".rejected summary")).to_have_text(summary)
    expect(rows.nth(200)).to_contain_text("가람200")
    expect(button).to_be_hidden()


def test_what_was_read_of_a_workbook_is_told_and_what_was_not(teacher: Teacher) -> None:
    header = ("이름", "학부모전화번호", "학생전화번호", "혈액형")
    teacher.choose(sample_workbooks.workbook([header, ("김하나", "010-0000-7551", "없음", "A")]))
    expect(teacher.outcome).to_have_text(re.compile("^완료: 1명"), timeout=30_000)
    expect(teacher.page.locator(".read li")).to_have_text(
        ["'학생목록' 시트: 1명 등록", "사용하지 않은 열: 혈액형", "2행 '학생전화번호' 값은 사용하지 않았습니다 (없음)"]
    )
    expect(teacher.page.locator(".read li").first).to_be_visible()
    assert teacher.barriers() == []


def test_a_second_upload_stands_beside_the_first_and_both_are_listed_with_their_ends(teacher: Teacher) -> None:
    page = teacher.page
    for _ in range(2):
        teacher.lab.upload()  # earlier ones, for the third row and for "more"
    teacher.choose(sample_workbooks.students(1, first=7561), "first.xlsx")
    expect(teacher.outcome).to_have_text(re.compile("^완료: 1명"), timeout=30_000)
    teacher.choose(sample_workbooks.faulty("excel-phone-invalid"), "second.xlsx")
    nobody = "한 명도 등록하지 못했습니다: 행 2개를 모두 고쳐야 합니다."
    expect(page.locator(".job .outcome")).to_have_text([nobody, "완료: 1명 등록."], timeout=30_000)
    assert [card.get_attribute("data-state") for card in page.locator(".job").all()] == ["failed", "done"]
    uploads = page.locator("#uploads-rows .outcome")
    expect(uploads).to_have_text([nobody, "완료: 1명 등록.", re.compile(".")])
    expect(page.locator("#uploads-more")).to_be_visible()
    assert teacher.barriers() == []
    page.locator(".job .id button").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(page.locator(".job code").first.inner_text())
    assert len(copied) == len("6f3c1b1e-6a55-4f0b-9c0e-0d6f3f1f0a11")
    page.reload()
    expect(page.locator(".job .outcome")).to_have_text([nobody, "완료: 1명 등록."])
    for card in page.locator(".job .close").all()[::-1]:
        card.click()
    expect(page.locator("#jobs")).to_be_hidden()
    page.locator("#uploads-rows button", has_text="자세히").first.click()
    expect(page.locator(".rejected li")).to_have_count(2)


def test_what_a_workbook_holds_is_shown_as_text(teacher: Teacher) -> None:
    name = "<img src=x onerror=alert(1)>"
    teacher.choose(
        sample_workbooks.workbook([sample_workbooks.HEADER, ("", name, "010-0000-7501"), ("", name, "010-1")])
    )
    expect(teacher.page.locator(".rejected li")).to_contain_text(name, timeout=30_000)
    expect(teacher.page.locator("#rows")).to_contain_text(name)
    expect(teacher.page.locator("img")).to_have_count(0)


def test_a_job_that_failed_says_why(teacher: Teacher) -> None:
    teacher.choose(sample_workbooks.faulty("excel-phone-column-missing"))
    expect(teacher.outcome).to_have_text(re.compile("^등록에 실패했습니다: .*학부모"), timeout=30_000)
    assert teacher.bar.get_attribute("data-state") == "failed"
    assert teacher.barriers() == []


def test_with_the_worker_off_it_waits_and_ends_after_a_worker_was_started_without_a_reload(teacher: Teacher) -> None:
    teacher.lab.break_fault("worker-off")
    teacher.choose(sample_workbooks.students(2, first=7101))
    expect(teacher.outcome).to_have_text(re.compile("^대기 중"))
    expect(teacher.page.locator(".job .step")).to_contain_text("2~5분")
    assert teacher.barriers() == []
    teacher.page.route(f"**{JOBS_PATH}*/", made_two_minutes_ago)
    expect(teacher.page.locator(".job .step")).to_contain_text("2분째 기다리고 있습니다")
    expect(teacher.page.locator(".job .step")).to_contain_text("이 페이지를 닫아도")
    teacher.page.unroute(f"**{JOBS_PATH}*/")
    assert teacher.lab.tool("scale-worker", "--desired", "1", "--yes", "--wait").returncode == 0
    expect(teacher.outcome).to_have_text(re.compile("^완료: 2명"), timeout=60_000)


@ENGLISH
def test_a_status_that_cannot_be_reached_is_said_and_asked_for_until_it_can(teacher: Teacher) -> None:
    teacher.lab.break_fault("worker-off")
    teacher.choose(sample_workbooks.students(2, first=7201))
    expect(teacher.outcome).to_have_text(re.compile("^Waiting"))
    trouble = teacher.page.locator(".job .trouble:not(.rows-trouble)")
    teacher.lab.break_fault("proxy-upstream-down")
    expect(trouble).to_have_text("Can't read the status (HTTP 502), still trying.")
    assert teacher.barriers() == []
    teacher.lab.break_fault("api-not-json")
    expect(trouble).to_have_text("Can't read the status (not a response from the server), still trying.")
    teacher.lab.do("lab", "heal")
    expect(trouble).to_have_text("")
    expect(teacher.outcome).to_have_text(re.compile("^Done: 2"), timeout=60_000)


def test_a_reload_goes_on_with_the_job_and_so_does_another_session(teacher: Teacher) -> None:
    teacher.lab.break_fault("worker-off")
    teacher.choose(sample_workbooks.students(2, first=7301))
    expect(teacher.outcome).to_have_text(re.compile("^대기 중"))
    teacher.page.reload()
    expect(teacher.outcome).to_have_text(re.compile("^대기 중"))
    kept = teacher.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert PASSWORD not in kept
    teacher.page.evaluate("sessionStorage.clear()")
    teacher.page.reload()
    teacher.sign_in()
    expect(teacher.outcome).to_have_text(re.compile("^대기 중"))
    teacher.lab.do("lab", "heal")
    expect(teacher.outcome).to_have_text(re.compile("^완료: 2명"), timeout=60_000)


@pytest.mark.parametrize(
    ("content", "name", "password", "told"),
    [
        (b"a,b", "students.csv", "lab-1234", "엑셀(.xlsx) 파일만 등록할 수 있습니다"),
        (b"\xd0\xcf\x11\xe0", "students.xlsx", "lab-1234", "내용이 엑셀(.xlsx) 파일이 아니거나 암호가 걸려 있습니다"),
        (as_offered(), "students.xlsx", " abc ", "4자 이상"),
    ],
    ids=["csv", "encrypted", "short-password"],
)
def test_what_cannot_be_registered_is_refused_before_it_is_sent(
    teacher: Teacher, content: bytes, name: str, password: str, told: str
) -> None:
    sent: list[str] = []
    teacher.page.on("request", lambda request: sent.append(request.method))
    teacher.choose(content, name, password)
    expect(teacher.refusal).to_contain_text(told)
    assert "POST" not in sent
    assert teacher.barriers() == []


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(teacher: Teacher, tmp_path: Path) -> None:
    large = tmp_path / "students.xlsx"
    with large.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(10 * 1024 * 1024 + 1)
    teacher.page.locator("#open").click()
    teacher.page.locator("#file").set_input_files(large)
    teacher.page.locator("#send").click()
    expect(teacher.refusal).to_contain_text("10MB 이하")


def test_a_file_can_be_dropped_and_one_that_misses_leaves_the_page_alone(teacher: Teacher) -> None:
    teacher.page.locator("#open").click()
    assert teacher.drop("#dialog", as_offered(), "missed.xlsx")
    expect(teacher.page.locator("#chosen")).to_have_text("")
    assert teacher.drop("#drop", sample_workbooks.students(1, first=7451), "dropped.xlsx")
    expect(teacher.page.locator("#chosen")).to_have_text("dropped.xlsx")
    teacher.page.locator("#password").fill(PASSWORD)
    teacher.page.locator("#reveal").click()
    expect(teacher.page.locator("#password")).to_have_attribute("type", "text")
    assert teacher.barriers() == []
    teacher.page.locator("#send").click()
    expect(teacher.page.locator("#password")).to_have_attribute("type", "password")
    expect(teacher.outcome).to_have_text(re.compile("^완료: "), timeout=30_000)


def test_it_can_be_used_with_the_keyboard_alone(lab: Lab, page: Page) -> None:
    def tab_to(name: str) -> None:
        for _ in range(30):
            if page.evaluate("document.activeElement.id || document.activeElement.className") == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{name} is not reached with the Tab key")

    # From the first listener on the browser hands its file dialogs over; on a busy machine that takes a while.
    page.on("filechooser", lambda _chooser: None)
    page.goto(lab.settings()["ACADEMY_API_URL"])
    tab_to("token")
    page.keyboard.type(lab.settings()["ACADEMY_API_TOKEN"])
    page.keyboard.press("Enter")
    expect(page.locator("#open")).to_be_visible()
    tab_to("open")
    page.keyboard.press("Enter")
    tab_to("file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files({"name": "s.xlsx", "mimeType": XLSX, "buffer": sample_workbooks.students(1, first=7401)})
    tab_to("password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".job .outcome")).to_have_text(re.compile("^완료: "), timeout=30_000)
    tab_to("close")
    page.keyboard.press("Enter")
    expect(page.locator("#jobs")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "open"


def test_students_are_found_by_name_and_shown_a_hundred_at_a_time(teacher: Teacher) -> None:
    students = [("", f"가람{number}", f"010-0000-{number}") for number in range(7601, 7702)]
    teacher.choose(sample_workbooks.workbook([sample_workbooks.HEADER, *students]))
    expect(teacher.outcome).to_have_text(re.compile("^완료: 101명"), timeout=30_000)
    rows = teacher.page.locator("#rows tr")
    search = teacher.page.locator("#search")
    search.fill("가람76")
    expect(rows).to_have_count(99)
    expect(teacher.page.locator("#count")).to_have_text("99")
    expect(teacher.page.locator("#more")).to_be_hidden()
    search.fill("가람")
    expect(rows).to_have_count(100)
    teacher.page.locator("#more").click()
    expect(rows).to_have_count(101)
    search.fill("없는 이름")
    expect(teacher.page.locator("#nobody")).to_be_visible()
    expect(rows).to_have_count(0)


def test_a_wrong_token_is_told_and_none_stands_in_an_address(lab: Lab, page: Page) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(urllib.parse.unquote(request.url)))
    page.goto(lab.settings()["ACADEMY_API_URL"])
    teacher = Teacher(page, lab)
    for wrong in ("no-such-token", "한글로 친 토큰"):
        teacher.sign_in(wrong)
        expect(page.locator("#sign-in-trouble")).to_contain_text("토큰이 올바르지 않습니다")
    assert teacher.barriers() == []
    teacher.sign_in()
    expect(page.locator("#students")).to_be_visible()
    assert not any(lab.settings()["ACADEMY_API_TOKEN"] in address for address in addresses)


def test_the_language_can_be_changed_and_is_kept(teacher: Teacher) -> None:
    teacher.page.locator("#language").select_option("en")
    expect(teacher.page.locator("#open")).to_have_text("Register from Excel")
    teacher.page.reload()
    expect(teacher.page.locator("#open")).to_have_text("Register from Excel")
    assert teacher.page.locator("html").get_attribute("lang") == "en"
