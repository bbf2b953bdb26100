"""What a teacher does on the page."""

from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Locator, Page

from academy_ops.academy.page import template
from tests.lab_driver import Lab

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PASSWORD = "lab-1234"


@dataclass(frozen=True)
class Teacher:
    """A person at the page.

    Attributes:
        page: The page.
        lab: The academy behind it.
    """

    page: Page
    lab: Lab

    def sign_in(self, token: str | None = None) -> None:
        """Sign in with a token, the lab's unless another is given."""
        self.page.locator("#token").fill(token or self.lab.settings()["ACADEMY_API_TOKEN"])
        self.page.locator("#sign-in-form button").click()

    def choose(self, content: bytes, name: str = "students.xlsx", password: str = PASSWORD) -> None:
        """Open the dialog, choose a file, type the password, and send."""
        self.page.locator("#open").click()
        file: FilePayload = {"name": name, "mimeType": XLSX, "buffer": content}
        self.page.locator("#file").set_input_files(file)
        self.page.locator("#password").fill(password)
        self.page.locator("#send").click()

    def drop(self, selector: str, content: bytes, name: str) -> bool:
        """Drop a file on a part of the page; return whether the page took it, or else the browser would open it."""
        taken: bool = self.page.evaluate(
            """([selector, bytes, name]) => {
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
                const dropped = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
                return !document.querySelector(selector).dispatchEvent(dropped);
            }""",
            [selector, list(content), name],
        )
        return taken

    @property
    def outcome(self) -> Locator:
        """What the status bar says first."""
        return self.page.locator(".job .outcome").first

    @property
    def bar(self) -> Locator:
        """The status bar."""
        return self.page.locator(".job").first

    @property
    def refusal(self) -> Locator:
        """Why the dialog does not send."""
        return self.page.locator("#upload-trouble")

    def barriers(self) -> list[str]:
        """Return what axe-core finds wrong with the page as it is now."""
        return [f"{one['id']}: {one['help']}" for one in Axe().run(self.page).response["violations"]]


def as_offered() -> bytes:
    """Return the template, as the page offers it."""
    return bytes(template().body)
