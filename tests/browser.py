"""Chromium for the tests of pages; fixture `chromium` of conftest.py skips without it."""

import shutil

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


class Tab:
    """A page that has been opened, and everything that it complained of or asked for."""

    def __init__(self, browser, path, width=1280, **options):
        self.tab = browser.new_page(viewport={"width": width, "height": 900}, **options)
        self.faults, self.requests = [], []
        self.tab.on("console", lambda message: self.faults.append(message.text))
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(path.as_uri())

    def __getattr__(self, name):
        return getattr(self.tab, name)

    def outside(self) -> list[str]:
        """Return what was asked for besides the page itself."""
        return [url for url in self.requests[1:] if not url.startswith("data:")]
