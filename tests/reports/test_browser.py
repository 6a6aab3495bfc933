"""The pages in headless Chromium: hostile text stays text, nothing is fetched, and a narrow screen shows all of it."""

import subprocess
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chromium import FLAGS
from synthetic_run import build, comparison
from test_html import Page

from calibench.reports.comparison import comparison_report
from calibench.reports.run import run_report

POLICY = '<meta http-equiv="Content-Security-Policy"'

pytestmark = pytest.mark.browser


class Listener:
    """A local web server that remembers what was asked of it."""

    def __init__(self):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def server():
    listener = Listener()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()


@pytest.fixture
def listener(server):
    server.asked.clear()
    return server


@pytest.fixture(scope="module")
def attack(server):
    """Text that, were it markup, would run a script and fetch from the listener in several ways."""
    run = "document.title='pwned'"
    return (
        f"</div></td></table></svg></style></title><script>{run}</script><script src='{server.url}/script'></script>"
        f"<img src='{server.url}/image' onerror=\"{run}\"><link rel=stylesheet href='{server.url}/style'>"
        f"<iframe src='{server.url}/frame'></iframe><base href='{server.url}'>\" onmouseover=\"{run}\" x=\""
        "{{ 7*7 }}{% raw %}<!-- --> ]]> &lt;script&gt;"
    )


@pytest.fixture(scope="module")
def pages(attack):
    run = build(name=attack, model=attack, kind="sft", text=attack)
    others = [build(name=f"{i} {attack}", model=attack, kind="instruct", text=attack, shift=-0.1 * i) for i in (1, 2)]
    return {"run": run_report(run), "comparison": comparison_report(comparison(*others, run))}


def dump(source, folder, *flags):
    """The document as it stands after loading, without what was drawn."""
    page = folder / "page.html"
    page.write_text(source, encoding="utf-8")
    command = ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def title(dom):
    return dom.partition("<title>")[2].partition("</title>")[0]


@pytest.mark.parametrize("kind", ["run", "comparison"])
def test_model_text_stays_text_even_without_the_content_security_policy(pages, listener, tmp_path, kind):
    source = pages[kind]
    dom = dump(source.replace(POLICY, "<meta name="), tmp_path)
    assert title(dom) != "pwned"
    assert Page(dom).elements == Page(source).elements
    assert listener.asked == []


def test_the_content_security_policy_stops_what_escaping_would_miss(pages, attack, listener, tmp_path):
    source = pages["run"].replace("<main>", f"<main>{attack}", 1)
    assert title(dump(source, tmp_path)) != "pwned"
    assert listener.asked == []


def test_the_attack_works_on_an_unprotected_page(attack, listener, tmp_path):
    """What makes the two tests above able to fail."""
    assert title(dump(f"<!doctype html><title>calm</title><div>{attack}</div>", tmp_path)) == "pwned"
    assert {"/script", "/image", "/style", "/frame"} <= set(listener.asked)


@pytest.mark.parametrize("kind", ["run", "comparison"])
def test_a_page_never_scrolls_sideways_on_a_narrow_screen(pages, tmp_path, kind):
    measure = "document.title = this.contentDocument.documentElement.scrollWidth"
    frame = f'<iframe width="360" frameborder="0" onload="{measure}" srcdoc="{escape(pages[kind])}"></iframe>'
    assert title(dump(f"<title></title>{frame}", tmp_path)) == "360"
