"""What our own scanners, readers and hooks say, in Japanese: the English sentences, as patterns.

SARIF holds one language, and an archived bundle has only its SARIF: the English text is matched against the sentence
that it was made from, and told in Japanese with the same values. Words of other programs (an exception, a parser's
message) stay as they are, within our sentence. A test fails when a room says what does not stand here.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from govsec_ci.report.i18n import fill, japanese, mark

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_DEEPEST: Final = 4
"""Sentences within sentences; of more, the innermost stays English."""

SENTENCES: Final = (
    # Whatever the room: a place before the rest, and how files are refused.
    mark("{place}: {why}"),
    mark("a link that leads out of the tree"),
    mark("a link that leads nowhere"),
    mark("not a regular file"),
    mark("folder cannot be listed: {why}"),
    mark("version control or tool cache"),
    mark("version control"),
    mark("virtual environment"),
    mark("installed egg"),
    mark("output folder"),
    mark("cannot be read: {why}"),
    mark("cannot be read: no file can have this name"),
    mark("larger than the limit of {limit} bytes"),
    mark("{program} took longer than {seconds} s and was stopped"),
    mark("{program} was not started: the command is being stopped"),
    mark("{program} could not be started: {why}"),
    mark("git is not installed"),
    mark("git ls-files failed (exit {code})"),
    mark("it said nothing"),
    # Scanners: the tree.
    mark("{folder} is excluded by the configuration"),
    mark("{folder}: {count} files are excluded by the configuration"),
    mark("{folder}: 1 file is excluded by the configuration"),
    mark("{path} is out of scope: {reason} (owner: {owner})"),
    mark("{path} is declared out of scope, but there is no such file"),
    mark("{folder}: {count} files that git tracks were not looked at, because the folder counts as: {why}"),
    mark("{folder}: 1 file that git tracks was not looked at, because the folder counts as: {why}"),
    mark("{path} was left out: {why}"),
    mark("git could not say what it tracks: {why}"),
    mark("{path} was not looked at: a link to a folder outside of the tree"),
    mark("git could not say what it tracks: it is missing"),
    mark("{path} was not looked at: the submodule is not checked out"),
    mark("{count} files that git tracks were not looked at, because they are left out of the work tree: {paths}"),
    mark("{path} was not looked at: git tracks it, but it is left out of the work tree"),
    mark("the scanner {tool} failed: {why}"),
    # Scanners: bandit.
    mark("{path} is too large to scan: {size} bytes, the limit is {limit}"),
    mark("{path} was not scanned: {why}"),
    mark("{path} was not looked at: Python can run it, but it holds no source that bandit reads"),
    mark("{count} notebooks (*.ipynb) were not looked at: bandit does not read them, {path} for one"),
    mark("{path} was not looked at: bandit does not read notebooks (*.ipynb)"),
    mark("nothing found to scan: no Python file (*.py, *.pyw) is in scope"),
    mark("bandit's test {test} is not described in bandit_rules.toml: a defect of this version"),
    mark("{count} more values of bandit's settings in the tree have no effect"),
    mark("1 more value of bandit's settings in the tree has no effect"),
    mark("{path}: bandit's setting {key} = {value} is allowed by {owner}: {reason} ({count} results)"),
    mark("{path}: bandit's setting {key} = {value} is allowed by {owner}: {reason} (1 result)"),
    mark("{path}: bandit's setting {key} = {value} is allowed by {owner}: {reason} ({count} files)"),
    mark("{path}: bandit's setting {key} = {value} is allowed by {owner}: {reason} (1 file)"),
    mark("{path}: bandit's setting {key} = {value} is allowed by {owner}: {reason}"),
    mark(
        "{path}: bandit's setting {key} = {value} has no effect: the trusted configuration allows it not "
        "({count} results)"
    ),
    mark("{path}: bandit's setting {key} = {value} has no effect: the trusted configuration allows it not (1 result)"),
    mark(
        "{path}: bandit's setting {key} = {value} has no effect: the trusted configuration allows it not "
        "({count} files)"
    ),
    mark("{path}: bandit's setting {key} = {value} has no effect: the trusted configuration allows it not (1 file)"),
    mark("{path}: bandit's setting {key} = {value} has no effect: the trusted configuration allows it not"),
    mark("not scanned: {why}"),
    mark("bandit's worker process ended too often before"),
    mark("bandit took longer than {seconds} s over this file and was stopped"),
    mark("bandit took longer than {seconds} s and was stopped"),
    mark("bandit's worker process was ended by signal {signal}"),
    mark("bandit's worker process failed (exit {code}): {why}"),
    mark("bandit said nothing about this file"),
    mark("bandit's test {test} failed on line {line}: {error}"),
    mark("cannot be parsed by Python {version}: {error} ({why})"),
    mark("cannot be parsed by Python {version}: {error}"),
    mark("cannot be decoded: no encoding is declared, and line {line} is not {encoding}"),
    mark("cannot be decoded: line {line} is not {encoding}"),
    mark("cannot be decoded: {error}"),
    mark("a lazy import: looks like Python 3.15 or newer"),
    mark("a t-string: looks like Python 3.14 or newer"),
    mark("looks like Python 3.14 or newer, or Python 2"),
    mark("looks like Python 3.13 or newer"),
    mark("looks like Python 3.12 or newer"),
    mark("looks like Python 2"),
    mark("a nested f-string may need Python 3.12 or newer"),
    # Scanners: pip-audit.
    mark("{label} was not audited: {why}"),
    mark("{label} was not audited here ({why}): {reason} (owner: {owner})"),
    mark("no component was audited: {why}"),
    mark("it comes from a version control system, not from the public package index"),
    mark("it comes from a local path, not from the public package index"),
    mark("it comes from a URL, not from the public package index"),
    mark("it comes from a private package index"),
    mark("it comes from {source}, not from the public package index"),
    mark("no exact version is pinned"),
    mark("{version} is not a version (PEP 440)"),
    mark("no dependency is declared: {paths}"),
    mark("nothing says what this project depends on: no dependency manifest was found"),
    mark("there is no advisory data"),
    mark("pip-audit's process failed (exit {code}): {why}"),
    mark("pip-audit's process gave an answer that cannot be read"),
    mark("pip-audit's process answered for a component that it was not asked for"),
    mark("pip-audit did not answer for it"),
    mark("pip-audit skipped it"),
    mark("neither an index nor an online service was named"),
    mark("the online service {service} failed: {why}"),
    mark("no advisory data is stored, and none may be fetched offline"),
    mark("no advisory data is stored, and the first sync failed: {why}"),
    mark("no advisory data is stored"),
    mark("Known vulnerability {id}"),
    mark("no fixed version is known"),
    # Scanners: SBOM and wheelhouse.
    mark("no dependency manifest was found, so there is nothing to make an SBOM from"),
    mark("{name} is in the SBOM without a version"),
    mark("{path} could not be read again"),
    mark("{name} is unknown to {tool}, and taken as we read it"),
    mark("{name} would be no valid CycloneDX, so it was not written: {error}"),
    mark("cyclonedx-bom ended with exit code {code}: {error}"),
    mark("the wheelhouse {folder} is no folder: no digest was taken"),
    mark("its {algorithm} {digest} is none that the lock names for this release"),
    mark("{path}: not taken: {why}"),
    mark("the wheelhouse has no file that could be taken for {count} components: {names}"),
    mark("the wheelhouse has no file that could be taken for {name}"),
    mark("{name}: taken from the wheelhouse by name and version alone: no manifest names a digest"),
    # Scanners: reports of other tools.
    mark("git could not say whether it tracks {path}: {why}"),
    mark("{path} is committed: the change that is judged could have written it itself"),
    mark("the report {path} is not there, and the configuration does not require it"),
    mark("the report {path} is not there"),
    mark("{uri}: an external property file must lie beside its log"),
    mark("{path} has no list of vulnerabilities, so nothing says that any was looked for"),
    mark("{path} was made at {moment}, which is in the future"),
    mark("{path} was made on {day}: older than max-age-days allows ({days})"),
    mark("{path} does not say when it was made, so that its age cannot be judged"),
    mark("{path} holds no run, so nothing says that anything was looked at."),
    mark("The imported run of {tool} {why} ({where})."),
    mark("says that its execution was not successful"),
    mark("has no results array: it did not get as far as looking"),
    mark(
        "{tool} counts columns in {kind}; 1 place is shown without a column, because its file "
        "cannot be read here, or not in that unit ({where})."
    ),
    mark(
        "{tool} counts columns in {kind}; {count} places are shown without a column, because their files "
        "cannot be read here, or not in that unit ({where})."
    ),
    mark("Runs of different tools, versions, roles or commits stand under one id: none can vouch for the others."),
    mark("The VEX statement on {id} in the whole product speaks of no result."),
    mark("The VEX statement on {id} in {about} speaks of no result."),
    mark("The VEX statement on {id} has no effect: {why}."),
    mark("it speaks of {product}, and this is {own}"),
    mark("it speaks of {product}, and which version this is, is not known"),
    # Scanners: zizmor.
    mark("no pipeline in {folder} was audited, because the folder counts as: {why}"),
    mark(
        "the tree's only file is not a workflow (.github/workflows/*.yml), an action (action.yml) or "
        "a Dependabot setting (.github/dependabot.yml)"
    ),
    mark(
        "none of the tree's {count} files is a workflow (.github/workflows/*.yml), an action (action.yml) or "
        "a Dependabot setting (.github/dependabot.yml)"
    ),
    mark("its path holds a line end"),
    mark("zizmor cannot open a path that is not UTF-8"),
    mark("zizmor gave an answer that cannot be read: {error}"),
    mark("zizmor's result {id} names no file of ours"),
    mark("zizmor is not installed with this Python"),
    mark("zizmor did not finish this file"),
    # Hooks: what a snapshot of the index or of a commit lacks.
    mark("a merge conflict is open"),
    mark("not a path of a tree"),
    mark("a link that leads to no file of the tree"),
    mark("git does not hold its content"),
    mark("larger than the limit"),
    mark("another path of the tree has its name here"),
    mark("lies behind a link"),
    mark("the link cannot be made: {why}"),
    mark("a submodule whose recorded commit is not here"),
    # Why a bundle does not hold.
    mark("{name}: is in the manifest, but not in the bundle"),
    mark("{name}: is in the bundle, but not in the manifest"),
    mark("{name}: was changed after the bundle was written"),
    mark("{name}: is not a regular file"),
    mark("this is no evidence bundle"),
    mark("the decision does not follow from the evidence"),
    mark("gate {gate}: recorded {recorded}, replayed {replayed}"),
    mark("recorded {recorded}, replayed {replayed}"),
    mark("the signature is of another bundle's manifest"),
    mark("the signature is of another verdict"),
    mark("the signing key of {owner} was not valid on {day}"),
    mark("the bundle is not signed"),
    mark("sign it: govsec run --sign-key FILE"),
    mark("the signature is of no trusted key, or broken"),
    mark("the signature is over something else than a statement"),
    # Manifests: which are read.
    mark("in a folder of vendored code"),
    mark("another ecosystem's manifest: take its scanner's results in with [[import]]"),
    mark("conda's packages are not read"),
    mark("buildout's versions are not read"),
    mark("{why}: a manifest may be missing from the audit"),
    mark("read as part of {path}"),
    mark("{path} is read instead"),
    mark("locked by {paths}"),
    mark("holds only the settings of tools"),
    mark("declares no dependencies"),
    mark("is no packaging program"),
    mark("passes no dependencies of its own"),
    mark("only pins what others ask for: read where a file names it with -c"),
    mark("names {path}, which leads out of the tree"),
    # Manifests: what is declared and what is locked.
    mark("{why}, and code of the judged project is never run"),
    mark("holds Python's parser up"),
    mark("the program cannot be parsed"),
    mark("the dependencies are computed by a program"),
    mark("{fields} is dynamic: computed when the project is built"),
    mark("{why}; {paths} was taken for it without comparison"),
    mark("{name} ({group}) is declared, and no lock says which version that is"),
    mark("{name} ({group}) is declared, but {why}"),
    mark("{paths} does not hold it"),
    mark("{path} holds version {version}"),
    mark("{path} was made from another declaration: {names} changed since"),
    mark("{name} is not pinned to one version"),
    mark("{name} comes from version control ({origin}): no public advisories cover it"),
    mark("{name} comes from a path ({origin}): no public advisories cover it"),
    mark("{name} comes from a URL ({origin}): no public advisories cover it"),
    mark("{name} comes from a private index ({origin}): no public advisories cover it"),
    # Manifests: installed environments.
    mark("{name} is the judged project itself, installed from its folder"),
    mark("cannot be listed: {why}"),
    mark("a development install without metadata (.egg-link)"),
    mark("names no valid name and version"),
    mark("{why}: an installed component may be missing from the audit"),
    mark("the environment also uses the system's packages, which were not read"),
    mark("adds a folder whose packages were not read"),
    mark("installed metadata does not tell the index: components without a direct URL are taken as public"),
    mark("{name} was installed from {origin}: no public advisories cover it"),
    mark("its direct_url.json names no URL"),
    mark("{name} is asked for, but {version} is installed"),
    # Manifests: files that cannot be read, entries that are malformed.
    mark("is not UTF-8 text"),
    mark("holds a NUL character"),
    mark("is nested deeper, or holds larger numbers, than a manifest can"),
    mark("is not TOML: {error}"),
    mark("is not JSON: {error}"),
    mark("is not {encoding} text"),
    mark("declares the encoding {encoding}"),
    mark("{name} is no name of a package"),
    mark("{key} is no array of tables"),
    mark("{key} is no table"),
    mark("names more than {count} packages"),
    mark("the entry is not as the format says: {error}"),
    mark("{name} is the project itself; what it needs is read from its own declaration"),
    mark("has lock version {version}, and only {known} are known"),
    mark("has lock version {version}, and only {known} is known"),
    mark("{value} is no version specifier of {name}"),
    mark("{value} is no version constraint of {name}"),
    mark("is no Pipfile.lock"),
    mark("is no Pipfile.lock of pipfile-spec 6"),
    mark("is no valid pylock file (PEP 751): {error}"),
    mark("{where} is no list of requirements"),
    mark("{text} in {where} is not a requirement (PEP 508)"),
    mark("{text} is not a requirement (PEP 508)"),
    mark("'dynamic' is no list of fields"),
    mark("is no configuration file: {error}"),
    mark("has no valid manifest table: {error}"),
    mark("has more groups and packages than can be followed"),
    # Manifests: requirements files.
    mark("names more than {count} requirements: the rest was not read"),
    mark("includes {path}, which cannot be read"),
    mark("{text} is not a requirement: {why}"),
    mark("takes packages from {url}, not the public index: no component of this file is known to be public"),
    mark("takes packages from {url} (--find-links): no component of this file is known to be public"),
    mark("takes no packages from the public index (--no-index): no component of this file is known to be public"),
    mark("includes {path}, which includes itself"),
    mark("is the {count}th include within an include"),
    mark("includes the URL {url}, which is not part of the tree"),
    mark("includes {path}, which leads out of the tree"),
    mark("includes {path}, which does not exist"),
    mark("and {count} more lines are not requirements"),
    mark("and 1 more line is no requirement"),
    mark("{name} contradicts the constraint {version}"),
    mark("{name} is asked for twice: {one} and {other}"),
    mark("not every line has a hash: nothing proves that no transitive dependency is missing"),
    mark("an option that belongs on a line of its own stands behind a requirement"),
    mark("{option} is no option of pip's requirements format"),
    mark("its quotes do not match ({error})"),
    mark("a --hash must be sha256, sha384 or sha512, a colon, and the digest in hexadecimal"),
    mark("a --hash stands without a requirement"),
    mark("more than one --editable on a line"),
    mark("it depends on the environment variable {name}"),
    mark("a path or URL holds a space"),
    mark("what stands behind the semicolon is no environment marker"),
    mark("a single '=' is no operator, an exact version is written '=='"),
    mark("a version is longer than a version can be"),
    mark("versions are pinned, and no lock proves that no transitive dependency is missing"),
    mark("begins script metadata that has no end"),
    mark("holds script metadata more than once"),
    mark("dependencies is no list of requirements"),
    mark("{names} (build-system) was not audited: no exact version of what builds the project is named"),
    mark("not audited: {count} of conda's packages ({names})"),
    mark("1 of conda's packages was not audited: {name}"),
    mark("the entry is neither a package nor a list of lines below 'pip'"),
    mark("is not YAML"),
    mark("has {key} twice"),
    mark("takes its keys from elsewhere (<<)"),
    mark("dependencies is no list of packages"),
    mark("is of the judged project itself"),
    # What to do.
    mark("correct or remove the file, or declare it out of scope in govsec.toml (with owner and reason)"),
    mark(
        "audit the installed environment with --environment, or declare the file out of scope in govsec.toml "
        "(with owner and reason)"
    ),
    mark("correct the entry"),
    mark("write each section and each key once"),
    mark("write one list of dependencies, and take no keys from elsewhere"),
    mark(
        "write its exact version (NAME==VERSION), or lock the script (uv lock --script FILE), or say in govsec.toml "
        "[[declared]] how it is audited"
    ),
    mark("correct the entry; the specification of inline script metadata at packaging.python.org shows the form"),
    mark('keep one block "# /// script" that ends with "# ///", or declare the file out of scope in govsec.toml'),
    mark("lock it, audit an installed environment with --environment, or declare in the configuration who audits it"),
    mark(
        "lock it (uv lock, poetry lock, pdm lock, or pip-compile --generate-hashes), or audit an installed "
        "environment with --environment, or say in govsec.toml [[declared]] how it is audited"
    ),
    mark(
        "take a release from the public index, or say in govsec.toml [[declared]] who audits it and how "
        "(name, owner, reason)"
    ),
    mark("mend the file, or declare it out of scope (with owner and reason) in the trusted configuration"),
    mark("correct the file, or declare it out of scope (with owner and reason) in the trusted configuration"),
    mark("scan with a Python that can parse it, mend the file, or declare it out of scope"),
    mark("run `govsec advisories sync`, or name a folder or zip of OSV records with --advisories PATH"),
    mark("add a lock file or a requirements.txt with exact versions"),
    mark("add a pyproject.toml that lists the dependencies (an empty list, if none), or a lock file"),
    mark("check that PATH is the project's folder"),
    mark("remove the folder from the repository, or exclude it in the trusted configuration"),
    mark("remove the entry from the configuration, or correct its path"),
    mark("run the tool that writes it before govsec"),
    mark("run the tool that writes it again"),
    mark("a defect of bandit's test: mend or rewrite the code there, or declare the file out of scope"),
    mark("the SBOM was made from our own reading of the manifest: compare it, or mend the manifest"),
    mark("let the pipeline write the report to a path that is not in the repository"),
    mark("let the tool write its invocation's end time"),
    mark("try again, or audit offline with --advisories PATH"),
    mark("check the temporary folder (TMPDIR): its room and its rights"),
    mark("report this as a defect, with this line"),
    mark("judge the folder that holds both, copy the files in, or exclude the link in the trusted configuration"),
    mark("fill it with what gets deployed: pip download --require-hashes -r requirements.txt -d DIR"),
    mark("download it again from where the lock was made, and find out where this file comes from"),
    mark("install git where govsec runs, or judge an export of the sources without .git"),
    mark("check it out (git submodule update --init), or exclude it in the trusted configuration"),
    mark("check out without a sparse pattern, or exclude the folder in the trusted configuration"),
    mark("correct the clock of the machine that wrote it, or the clock of the decision (--now)"),
    mark("make it a readable file of a size that a person reads"),
    mark("make it shorter, or declare the dependencies in pyproject.toml"),
    mark("remove it, or declare it out of scope (with owner and reason) in the trusted configuration"),
    mark("keep the code that counts in modules, or exclude the folder in the trusted configuration"),
    mark("lock with hashes"),
    mark("install govsec-ci anew"),
    mark("see why the tool wrote an empty log, and let it write one with its run, even without results"),
    mark("mend and repeat the scan by {tool}"),
    mark("give each import an id of its own, and scan one commit with one version"),
    mark("check its ids, or remove it when the vulnerability is gone"),
    mark("give one about this product and version; govsec.toml may name both"),
    mark("lock the project anew and commit the lock"),
    mark("make it readable, or take it out of the tree"),
    mark("keep the files that declare dependencies in the project"),
    mark("install the environment anew from this file"),
    mark("install the environment anew"),
    mark("make the environment without --system-site-packages"),
    mark("install those packages into the environment, or audit that folder as well"),
    mark("write the lock anew with its tool"),
    mark("write the lock anew"),
    mark("write it anew with its tool"),
    mark("write it anew with {tool}, or update govsec-ci"),
    mark("write it anew with {tool}"),
    mark("correct the name"),
    mark('write "*" or "==VERSION"'),
    mark("correct the entry; the packaging guide at packaging.python.org shows the form"),
    mark("save the file as UTF-8 and remove the coding comment"),
    mark("save the file as UTF-8 text"),
    mark("save the file as UTF-8"),
    mark(
        "write NAME==VERSION, with --hash where hashes are kept, or one of pip's options; a text that is no "
        "requirements file belongs under another name"
    ),
    mark("include only files of the project, by a path relative to the including file"),
    mark("keep one of the two, or tell them apart by environment markers"),
    mark("pip-compile --generate-hashes, or uv pip compile --generate-hashes"),
    mark("correct the syntax, or write the file anew"),
    mark("correct the syntax"),
    mark("write the file anew with its tool"),
    mark("write NAME and a specifier"),
    mark("make it a readable file, or raise the limit [limits] manifest-bytes in govsec.toml"),
    mark("export it with uv export --format requirements-txt, or update govsec-ci"),
    mark("fetch it (git submodule update --init, git fetch), or exclude the folder in the settings and commit"),
)
"""A value whose name begins with ``why`` is a sentence of this list itself, or somebody else's words."""

_PLACED: Final = SENTENCES[0]


class _Pattern(Struct, frozen=True):
    """A sentence cut at its placeholders: ``literals`` are one more than ``names``."""

    sentence: str
    literals: tuple[str, ...]
    names: tuple[str, ...]
    longest: str

    def match(self, text: str) -> Mapping[str, str] | None:
        """The values in ``text``, each as short as can be; in linear time, for the text may be hostile."""
        first, last = self.literals[0], self.literals[-1]
        if self.longest not in text or not text.startswith(first) or not text.endswith(last):
            return None
        return self._values(text, len(first), len(text) - len(last))

    def _values(self, text: str, start: int, end: int) -> Mapping[str, str] | None:
        values = {}
        for name, literal in zip(self.names[:-1], self.literals[1:-1], strict=True):
            found = text.find(literal, start + 1, end)
            if found < 0:
                return None
            values[name] = text[start:found]
            start = found + len(literal)
        if not self.names:
            return values if start == len(text) else None
        return values | {self.names[-1]: text[start:end]} if start < end else None


@functools.lru_cache(maxsize=4096)
def translated(english: str) -> str | None:
    """The Japanese of a sentence of ours; None for anybody else's."""
    return _translated(english, _DEEPEST)


def _translated(english: str, depth: int) -> str | None:
    return next(_readings(english, depth), None) if depth else None


def _readings(english: str, depth: int) -> Iterator[str]:
    for pattern in _patterns():
        values = pattern.match(english)
        if values is not None:
            inner = {name: _translated(value, depth - 1) for name, value in values.items() if name.startswith("why")}
            # A colon alone is no sentence: what stands behind it must be one.
            if pattern.sentence != _PLACED or all(inner.values()):
                known = {name: text for name, text in inner.items() if text}
                yield fill(japanese(pattern.sentence), "ja", {**values, **known})


@functools.cache
def _patterns() -> Sequence[_Pattern]:
    """The sentence with the most words of its own first: it is the one that says most."""
    found = [_pattern(sentence) for sentence in SENTENCES]
    return sorted(found, key=lambda one: -sum(map(len, one.literals)))


def _pattern(sentence: str) -> _Pattern:
    literals = tuple(_PLACEHOLDER.split(sentence)[::2])
    return _Pattern(sentence, literals, tuple(_PLACEHOLDER.findall(sentence)), max(literals, key=len))
