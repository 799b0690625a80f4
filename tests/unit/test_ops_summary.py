"""A preview as Markdown: what comes first, what it says, that it fits, and that nothing in it does harm."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import cmarkgfm  # pyright: ignore[reportMissingTypeStubs]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway_ops import losses as lost
from slipway_ops.differences import ABSENT, changes, leaves
from slipway_ops.fitting import LIMIT, Fitted, length
from slipway_ops.ink import Ink
from slipway_ops.masking import Masker
from slipway_ops.preview_steps import Preview, Step
from slipway_ops.summary import Origin, Report, render
from slipway_ops.traffic_words import traffic
from slipway_rules.stateful import HOLDERS, lost_with
from tests.support import planted
from tests.support.preview_events import (
    BUCKET,
    CONFIG_MAP,
    DATABASE,
    DEPLOYMENT,
    ROUTE,
    Event,
    deployment,
    diagnostic,
    finding,
    large,
    lines,
    refreshed,
    route,
    same,
    step,
    urn,
)

CMARK: Any = cmarkgfm  # GitHub's own renderer
WEIGHTS = {f"spec.rules[0].backendRefs[{number}].weight": "update" for number in (0, 1)}


def read(*events: Event, masker: Masker | None = None) -> Preview:
    preview = Preview(masker or Masker())
    for line in lines(*events):
        preview.read(line)
    return preview


def report(preview: Preview, config: dict[str, Any] | None = None, **origin: Any) -> Report:
    found = lost.losses(preview.changed, config or {})
    made = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    of = Origin("shop", "prod", "c" * 40, "5ta7e", "2026-01-01 00:00:00", made, 4.2, **origin)
    return Report(of, preview, traffic(preview.steps), found, lost.refused(found, config or {}))


def text(preview: Preview, limit: int | None = LIMIT, **more: Any) -> str:
    return render(report(preview, **more), Ink(preview.masker), limit)


class Seen(HTMLParser):
    """What a browser would make of it: the tags, and the text outside of code, where mentions are looked for."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.open: list[str] = []
        self.outside, self.code = "", ""
        self.feed(
            CMARK.github_flavored_markdown_to_html(markdown, options=CMARK.cmark.Options.CMARK_OPT_UNSAFE)
        )
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.open, f"</{tag}> was never opened"
        while self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.code += data
        else:
            self.outside += data


OURS = {"h2", "h3", "p", "ul", "li", "code", "pre", "strong", "details", "summary", "sub", "br"}


def assert_harmless(markdown: str) -> Seen:
    seen = Seen(markdown)
    assert set(seen.tags) <= OURS
    assert set(seen.attributes) <= {"lang"}
    assert not re.search(r"@\w|#\d|://|www\.", seen.outside)
    assert seen.tags.count("details") == seen.tags.count("summary")
    assert all(character in "\n\t" or character >= " " for character in markdown)
    assert not re.search(r"(?m)^\s*::[a-z]|##\[", markdown), (
        "what a workflow's runner obeys, when it is in a log"
    )
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", markdown)
    return seen


def test_first_what_a_reviewer_needs() -> None:
    preview = read(
        step("update", ROUTE, "chat-route", route(blue=100, green=0), route(blue=0, green=100), diff=WEIGHTS),
        step(
            "replace",
            BUCKET,
            "uploads",
            {"bucket": "a"},
            {"bucket": "b"},
            diff={"bucket": "update-replace"},
            keys=["bucket"],
        ),
        step("create-replacement", BUCKET, "uploads", {}, {}),
        step("delete-replaced", BUCKET, "uploads", {}),
        step("delete", DATABASE, "orders", {"engine": "postgres"}, protect=True),
        step("create", CONFIG_MAP, "settings", None, {"data": {"a": "1"}}),
        finding("images-pinned", "advisory", "  found: no digest"),
        finding("data-protected", "mandatory", "it holds data"),
        *(same(CONFIG_MAP, f"same-{number}", {}) for number in range(1200)),
    )
    said = text(preview)
    assert_harmless(said)
    summary = said[: said.index("<details>")]
    assert "- 🚦 **prod traffic: 100 % blue → 100 % green**\n" in summary
    assert (
        "- ⚠️ `orders` (`aws:rds/instance:Instance`) is **deleted**: lost is the databases in it; what is left are its snapshots; "
        "it is protected, so the update is refused as it is; refused until `slipway:allowReplacement` names it\n"
        in summary
    )
    assert (
        "`uploads` (`aws:s3/bucket:Bucket`) is **replaced** because of `bucket`: lost is the objects in it"
        in summary
    )
    assert summary.index("❌ `data-protected` of `db`: `it holds data`") < summary.index(
        "⚠️ `images-pinned` of `db`"
    )
    assert (
        "### Changes: **1** to create, **1** to update, **1** to replace, **1** to delete, **1,200** unchanged"
        in summary
    )
    assert "`aws:s3/bucket:Bucket` × 1" in summary  # noqa: RUF001
    titles = re.findall("<summary>(.*?)</summary>", said)
    assert titles == ["Replaced (1)", "Deleted (1)", "Updated (1)", "Created (1)"]
    assert "- spec.rules[0].backendRefs[0].weight: 100\n+ spec.rules[0].backendRefs[0].weight: 0\n" in said
    assert (
        f"Of commit `{'c' * 40}` and state `5ta7e` of 2026-01-01 00:00:00; made 2026-01-02 03:04:05 UTC in 4 s."
        in said
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (route(blue=100, green=0), route(blue=90, green=10), "100 % blue → 90 % blue, 10 % green"),
        (route(blue=1, green=1), route(blue=0, green=3), "50 % blue, 50 % green → 100 % green"),
        (None, route(blue=100, green=0), "nobody → 100 % blue"),
        (route(blue=100, green=0), None, "100 % blue → nobody"),
    ],
)
def test_traffic_in_words(old: dict[str, Any] | None, new: dict[str, Any] | None, said: str) -> None:
    op = "create" if old is None else "delete" if new is None else "update"
    (found,) = traffic(
        read(step(op, ROUTE, "chat-route", old, new, diff=WEIGHTS if op == "update" else None)).steps
    )
    assert str(found) == said
    assert found.moves


def test_traffic_that_stays_and_an_image_that_changes_under_it() -> None:
    preview = read(
        same(ROUTE, "chat-route", route(blue=100, green=0)),
        step(
            "update",
            DEPLOYMENT,
            "b",
            deployment("blue", "chat:1"),
            deployment("blue", "chat:2"),
            diff={"spec": "update"},
        ),
        step(
            "update",
            DEPLOYMENT,
            "g",
            deployment("green", "chat:1"),
            deployment("green", "chat:3"),
            diff={"spec": "update"},
        ),
        same(ROUTE, "other", {"spec": {"rules": [{"backendRefs": [{"name": "blog"}]}]}}),
    )
    (found,) = traffic(preview.steps)
    assert (str(found), found.moves, found.images) == ("stays 100 % blue", False, ("blue: chat:1 → chat:2",))
    said = text(preview)
    assert "- **prod traffic: stays 100 % blue**\n  - runs another image: `blue: chat:1 → chat:2`\n" in said
    assert "chat-route" not in said[said.index("<details>") :]


def test_a_preview_that_failed_says_why() -> None:
    preview = read(
        diagnostic("error", "<{%fg 1%}>no such thing<{%reset%}>: `boom`", urn=urn(BUCKET, "uploads"))
    )
    preview.failed = True
    said = text(preview)
    assert_harmless(said)
    assert (
        "❌ This preview failed; nothing of it can be applied\n\n```\nuploads: no such thing: `boom`\n```"
        in said
    )
    assert "Nothing that holds data" not in said


def test_a_preview_that_did_not_begin_says_why() -> None:
    preview = Preview(Masker())
    preview.read("not json")
    preview.warn("error: no stack named 'prod' found")
    preview.failed = True
    assert "error: no stack named 'prod' found" in text(preview)


def test_refused_by_policies() -> None:
    preview = read(finding("data-protected", "mandatory", "no"))
    preview.failed = True
    assert "❌ This preview was refused by policies" in text(preview)


def test_losses_that_the_stack_file_allows() -> None:
    preview = read(
        step("delete", DATABASE, "orders", {}), step("delete", DATABASE, "kept", {}, retainOnDelete=True)
    )
    allowed = {"slipway:allowReplacement": ["orders"]}
    assert report(preview, allowed).is_good
    assert "`slipway:allowReplacement` names it" in text(preview, config=allowed)
    assert "leaves it and its data where they are" in text(preview)
    assert not report(preview).is_good
    assert report(preview, {"slipway:policies": "advisory"}).is_good
    assert "❌ Refused: it would take away what holds data" in text(preview)


def test_retained_is_what_the_state_says() -> None:
    """Pulumi deletes by it: what the program says from now on comes too late for this update."""
    event = step("replace", DATABASE, "orders", {}, {}, keys=["engine"])
    event["resourcePreEvent"]["metadata"]["new"]["retainOnDelete"] = True
    assert not report(read(event)).is_good


def test_drift_is_shown() -> None:
    events = [
        *refreshed(
            CONFIG_MAP, "settings", {"data": {"a": "1"}}, {"data": {"a": "2"}}, **{"data.a": "update"}
        ),
        *refreshed(BUCKET, "gone", {"bucket": "x"}, None),
        *refreshed(BUCKET, "fine", {"set": ["x", "y"]}, {"set": ["y", "x"]}),
    ]
    preview = read(*events)
    assert [(one.operation, one.name) for one in preview.drift] == [
        ("update", "settings"),
        ("delete", "gone"),
    ]
    assert "The cloud is not what the state says (2)" in text(preview)
    assert preview.counts.total() == 0


def test_what_holds_data_is_known() -> None:
    assert all(lost_with(type_) for type_ in HOLDERS)
    assert lost_with("gcp:storage/bucket:Bucket")
    assert lost_with("aws:ec2/routeTable:RouteTable") is None
    assert lost_with(CONFIG_MAP) is None


def test_a_bucket_by_an_older_name_of_its_type_is_refused_too() -> None:
    step = Step(
        "delete",
        "urn:pulumi:prod::shop::aws:s3/bucketV2:BucketV2::orders",
        "aws:s3/bucketV2:BucketV2",
        {},
        {},
    )
    (loss,) = lost.losses([step], {})
    assert loss.is_refused


HOSTILE = [
    "</details></summary><script>alert(1)</script><img src=x onerror=alert(1)>",
    "@everyone @team/ops #1 GH-7 team/shop#3 https://evil.example www.evil.example",
    "`code` ``two`` ```` four\n```\n~~~\n</code></pre>",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07link\x1b]8;;\x07 \x9b1m bell\x07 back\x08space",
    "\u202edesrever\u202c \u2066isolated\u2069 zero\u200bwidth \ufeffbom \u3164 \U000e0041tag",
    "| a | b |\n|---|---|\n| c | d |\n\n# heading\n> quote\n- [ ] task\n***bold*** <!-- slipway:of {} --> -->",
    "![image](http://evil.example/x.png) [link](javascript:alert(1)) $`math`$ $$x$$ :smile:",
    "<!-- slipway:notice -->\nx<!-- slipway:noticed -->\n</details>\n</details>\n\n# out",
    "::set-output name=x::y\n  ::error file=a,line=1::x\n##[command]x",
    "[^1]: note [^1] org/repo@0123456789012345678901234567890123456789 \ufe0f\u034f",
    "line\r\nline\u2028line\u2029line\u0085line\x00null\ud800half",
    "",
    "   ",
    "`",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_harmless_everywhere(hostile: str) -> None:
    assert_harmless(text(with_everywhere(hostile)))
    assert_harmless(text(with_everywhere(hostile), limit=None))


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.one_of(st.sampled_from("`~<>@#|*_[]()!\\\n\r\t&;:-$\u202e\x1b"), st.characters()), max_size=40)
)
def test_any_text_is_harmless_everywhere(hostile: str) -> None:
    assert_harmless(text(with_everywhere(hostile)))


def with_everywhere(hostile: str) -> Preview:
    preview = read(
        step(
            "update",
            CONFIG_MAP,
            hostile,
            {hostile: "a", "b": hostile},
            {hostile: hostile, "b": f"{hostile}x"},
        ),
        step("replace", f"{hostile}:Bucket", hostile, {}, {}, keys=[hostile]),
        step("delete", BUCKET, hostile, {"a": hostile}),
        step("create", CONFIG_MAP, hostile, None, {"a": {hostile: [hostile]}}),
        step(
            "update",
            ROUTE,
            "r",
            route(blue=1),
            {
                "spec": {
                    "rules": [
                        {
                            "backendRefs": [
                                {"name": f"{hostile}-blue", "weight": 100},
                                {"name": f"{hostile}-green", "weight": 0},
                            ]
                        }
                    ]
                }
            },
        ),
        finding(hostile, "mandatory", hostile, hostile),
        diagnostic("error", hostile, urn=urn(BUCKET, hostile)),
        diagnostic("warning", hostile),
    )
    preview.failed = True
    return preview


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_code_span_is_one_code_span(hostile: str) -> None:
    seen = Seen(f"a {Ink(Masker()).code(hostile)} b")
    assert seen.tags == ["p", "code"]
    assert seen.outside.strip() == "a  b"


@settings(deadline=None)
@given(st.text(max_size=120))
def test_a_block_is_one_block(hostile: str) -> None:
    seen = Seen(
        f"<details><summary>x</summary>\n\n{Ink(Masker()).block(hostile, kind='diff')}\n\n</details>\n\nend"
    )
    assert [tag for tag in seen.tags if tag != "p"] == ["details", "summary", "pre", "code"]
    assert seen.outside.replace("\n", "") == "xend"


def test_2000_resources_with_500_changes_fit() -> None:
    preview = read(
        *large(2000, 500),
        step("update", ROUTE, "r", route(blue=100, green=0), route(blue=0, green=100), diff=WEIGHTS),
    )
    said = text(preview, config={"slipway:policies": "advisory"})
    seen = assert_harmless(said)
    assert length(said) <= 65_536
    assert seen.tags.count("details") == 4
    assert "**prod traffic: 100 % blue → 100 % green**" in said
    assert (
        "### Changes: **100** to create, **201** to update, **100** to replace, **100** to delete, **1,500** unchanged"
        in said
    )
    left_out = sum(int(found.replace(",", "")) for found in re.findall(r"… and ([\d,]+) more", said))
    assert (
        f"**{left_out:,} items left out here. The whole diff:** run `slipway preview --stack prod --diff FILE`"
        in said
    )
    whole = text(preview, limit=None)
    assert "left out" not in whole
    assert all(one.name in whole for one in preview.changed)


@pytest.mark.parametrize("limit", [3_000, 10_000, 65_000])
@pytest.mark.parametrize("count", [1, 80])
def test_it_fits_whatever_there_is(limit: int, count: int) -> None:
    ugly = "😀`@" * 300
    preview = read(
        *(step("delete", DATABASE, f"{number}{ugly}", {}) for number in range(count)),
        *(finding(ugly, "mandatory", ugly * 3, ugly) for _ in range(count)),
        *(diagnostic("error", ugly * 10) for _ in range(count)),
        *(step("update", f"{ugly}{number}:T", ugly, {"a": 1}, {"a": ugly}) for number in range(count)),
    )
    preview.failed = True
    said = text(preview, limit)
    assert_harmless(said)
    assert length(said) <= max(limit, 6_000)
    if limit == LIMIT:
        assert "lost is the databases" in said
        assert f"Policies: {count:,} finding" in said
        assert f"**{count:,}** to delete" in said


def test_no_secret_gets_into_comment_or_artefact() -> None:
    masker = Masker({*planted.SEALED.values(), *planted.MADE.values()})
    properties = planted.properties()
    word = planted.SEALED["password"]
    preview = read(
        step("update", CONFIG_MAP, f"a-{word}", {"shown": 1}, properties),
        step("create", CONFIG_MAP, word, None, properties),
        step("delete", CONFIG_MAP, word, properties),
        step(
            "replace",
            BUCKET,
            "b",
            properties,
            {**properties, "url": f"mysql://u:{planted.IN_URL}2@db"},
            keys=[word],
        ),
        step("create", "kubernetes:core/v1:Secret", "s", None, {"data": {"a": planted.IN_SECRET}}),
        *(diagnostic("error", said) for said in planted.texts()),
        *(diagnostic("warning", said) for said in planted.texts()),
        *(finding("p", "mandatory", said) for said in planted.texts()),
        masker=masker,
    )
    preview.failed = True
    for limit in (LIMIT, None):
        said = text(preview, limit)
        assert [word for word in planted.words() if word in said] == []
        assert "shown-value" in said


def test_a_secret_is_masked_before_it_is_cut() -> None:
    secret = "s3cret-" * 40
    ink = Ink(Masker([secret]))
    for most in range(10, 300, 7):
        assert "s3cret" not in ink.plain(f"{'x' * (most - 8)}{secret}", most)


def test_differences_go_down_to_what_differs() -> None:
    found = changes(
        {
            "detailedDiff": {
                "spec": {"diffKind": "update"},
                'tags["a.b"]': {"diffKind": "add", "inputDiff": True},
            }
        },
        {"inputs": {}, "outputs": {"spec": {"a": [1, {"b": 2}], "same": 1}}},
        {"inputs": {"spec": {"a": [1, {"b": 3}, 4], "same": 1}, "tags": {"a.b": "c"}}, "outputs": {}},
    )
    assert [(one.path, one.was, one.now) for one in found] == [
        ("spec.a[1].b", 2, 3),
        ("spec.a[2]", ABSENT, 4),
        ('tags["a.b"]', ABSENT, "c"),
    ]
    assert [*leaves({"a": {"b.c": [1, {}]}})] == [('a["b.c"][0]', 1), ('a["b.c"][1]', {})]


def test_differences_without_details() -> None:
    states = {"inputs": {"a": 1, "b": 1}, "outputs": {}}, {"inputs": {"a": 2, "b": 1}, "outputs": {}}
    assert [one.path for one in changes({"diffs": ["a"]}, *states)] == ["a"]
    assert [one.path for one in changes({}, *states)] == ["a"]
    assert [one.path for one in changes({"diffs": ["b"]}, *states)] == ["b"], (
        "a secret: only that it changes is known"
    )


def test_fitting_counts_what_it_leaves_out() -> None:
    text = Fitted(200)
    text.items("<", ["a" * 40] * 10, ">", keep=20)
    assert str(text).endswith("more\n>")
    assert text.left_out == 10 - str(text).count("a" * 40)
    assert length(str(text)) <= 180
    assert length("a😀") == 3
