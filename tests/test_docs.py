"""The documents: links resolve, every page has a way in, words are the field's, sentences are short."""

import functools
import re
from pathlib import Path

import pytest

from gancli.losses.catalog import LOSSES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
INDEX = ROOT / "docs" / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples" / "README.md"]
READER_PAGES = [page for page in PAGES if page.parent.name != "lab"]
MEAN_WORDS, MOST_WORDS = 20, 35

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+(?:\([^()\s]*\))?)\)")

# Words of a private language, and the field's words for them.
REPLACED = {
    r"one's own": "your",
    r"told of (no )?classes": "class-conditional",
    r"unless told otherwise": "by default",
    r"by itself": "by default",
    r"nought": "zero",
    r"the way back": "the backward pass",
    r"D knows": "D accuracy",
    r"knows": "can tell, imports, uses",
    r"says": "bound, prints, reports",
    r"met|meets": "sees, processes, agrees with",
    r"judg(e|es|ed|ement)": "score, measure",
    r"slopes?": "gradient norm",
    r"delivered|delivery": "training data",
    r"does not listen": "does not use it",
    r"learns? .{0,20} by heart": "memorizes",
    r"in the place of": "instead of",
    r"beside other work|other work beside": "with other jobs running",
    r"(colo|neighbo|behavio|favo)ur\w*": "American spelling",
    r"(normali|optimi|memori|initiali|generali|regulari)s(e|es|ed|er|ers|ing|ation)": "American spelling",
    r"centres?|greyscale|grey|licence": "American spelling",
}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@functools.cache
def read(page: Path) -> str:
    return page.read_text()


def without_code(text: str) -> str:
    """Return a page without fenced and indented blocks; lines keep their numbers."""
    lines, fenced = [], False
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        lines.append("" if fenced or fence or line.startswith("    ") else line)
        fenced ^= fence
    return "\n".join(lines)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", without_code(read(page)), re.MULTILINE)
    found: set[str] = set()
    for heading in headings:
        plain = LINK.sub(r"\2", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = 0
        while (numbered := f"{anchor}-{count}" if count else anchor) in found:
            count += 1
        found.add(numbered)
    return found


def links(page: Path) -> list[tuple[str, str]]:
    """Return path and anchor of every relative link and image."""
    targets = [match[2] for match in LINK.findall(without_code(read(page)))]
    return [
        (path, anchor)
        for path, _, anchor in (target.partition("#") for target in targets)
        if not re.match(r"[a-z]+:", path)
    ]


def broken_links(page: Path) -> list[str]:
    broken = []
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            broken.append(f"{path} does not exist")
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
            broken.append(f"{path}#{anchor} is no heading")
    return broken


def replaced_words(text: str) -> list[str]:
    return [
        f"line {number}: '{found[0]}', better: {better}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, better in REPLACED.items()
        if (found := re.search(rf"\b({pattern})\b", line, re.IGNORECASE))
    ]


def sentences(text: str) -> list[str]:
    """Return the sentences of a page's prose: no code, tables, headings or pictures."""
    found = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|#!]|\d+\.) )|\n(?=[|#!])", without_code(text)):
        block = block.strip()
        if not block or block.startswith(("|", "#", "!", "<!--")):
            continue
        plain = LINK.sub(r"\2", re.sub(r"^([-*]|\d+\.) ", "", block))
        plain = re.sub(r"`[^`]*`", "code", plain.replace("\n", " "))
        plain = re.sub(r"\b(et al|e\.g|i\.e|vs)\.", r"\1", plain)
        found += [one for one in re.split(r"(?<=[.?!])[*)\"']*\s+", plain) if len(one.split()) > 2]
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_pictures_resolve(page: Path):
    assert broken_links(page) == []


def test_every_page_has_a_way_in():
    linked = {(page.parent / path).resolve() for page in (README, INDEX) for path, _ in links(page) if path}
    assert [name(page) for page in PAGES if page not in linked and page not in (README, INDEX)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_words_are_those_of_the_field(page: Path):
    assert replaced_words(read(page)) == []


@pytest.mark.parametrize("page", READER_PAGES, ids=name)
def test_sentences_are_short(page: Path):
    found = sentences(read(page))
    lengths = [len(sentence.split()) for sentence in found]
    assert sum(lengths) / len(lengths) < MEAN_WORDS
    assert [sentence for sentence in found if len(sentence.split()) > MOST_WORDS] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_opens_with_what_it_is_and_long_ones_with_a_table_of_contents(page: Path):
    lines = read(page).splitlines()
    assert lines[0].startswith("# ")
    headings = [line for line in without_code(read(page)).splitlines() if line.startswith("## ")]
    if page not in (README, INDEX) and page.parent.name != "examples":
        assert len(lines[2].split()) >= 6
        assert any(line.startswith("Next: ") for line in lines[-3:])
        contents = "\n".join(lines).partition("\n## ")[0]
        assert contents.count("](#") >= len(headings) - 2 or len(lines) < 80


def test_the_checks_find_what_they_look_for(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A page (`--with` code)\n\n[a](#a-page---with-code) [b](#no) [c](missing.md)\n\n```\n[d](no.md)\n```\n"
    )
    assert broken_links(page) == ["#no is no heading", "missing.md does not exist"]
    assert replaced_words("The loss says so.\nA grey image, met once.") == [
        "line 1: 'says', better: bound, prints, reports",
        "line 2: 'met', better: sees, processes, agrees with",
        "line 2: 'grey', better: American spelling",
    ]
    assert sentences("# No\n\nOne two three. Four `five six` seven\neight?\n\n| no |\n\n- Nine ten eleven.\n") == [
        "One two three.",
        "Four code seven eight?",
        "Nine ten eleven.",
    ]


def test_the_documents_name_every_objective():
    texts = [README.read_text(), (ROOT / "docs" / "objectives.md").read_text()]
    assert [loss for loss in LOSSES if any(f"`{loss}`" not in text for text in texts)] == []
