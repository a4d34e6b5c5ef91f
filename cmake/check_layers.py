#!/usr/bin/env python3
"""Who may include whom: std <- include/gilspy <- src/<stage>, platform/<kind>, formats/<name> <- src/cli.

A stage, a platform and a format see their own folder and include/gilspy, never each other; formats see what they share
as well; src/cli may see all of ours. Some headers belong to one place only: see HOMES. `--self-test` proves that every rule can fail.
"""

import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SOURCES = {".h", ".hpp", ".cpp", ".cc", ".inc"}
FOLDERS = ("include", "src", "platform", "formats")

# Headers, as a regular expression, and the folders that may include them. Everything else with angle brackets is the
# C++ standard library, or unknown and so an error: whoever brings in a library says here where it belongs.
HOMES = [
    (r"tl/expected\.hpp", ("include/gilspy", "src", "platform", "formats")),
    (r"fmt/.*", ("src", "platform", "formats")),
    (r"rapidjson/.*", ("formats",)),
    (r"zlib\.h", ("formats/html", "formats/gzip")),
    (r"zstd\.h", ("formats/recording",)),
    (r"google/protobuf/.*", ("formats/recording", "formats/perfetto", "formats/pprof")),
    (r"CLI/.*", ("src/cli",)),
    (r"toml\+\+/.*", ("src/cli",)),
    (r"gelf\.h|libelf\.h|elf\.h|link\.h", ("src/locate", "src/native", "platform")),
    (r"dwarf\.h", ("src/layout/gen", "src/native", "platform")),
    (r"elfutils/libdw\.h", ("src/layout/gen", "src/native")),
    (r"elfutils/debuginfod\.h", ("platform",)),
    (r"libiberty/demangle\.h", ("src/native",)),
    (r"libunwind.*", ("platform",)),
    (r"(sys|linux|asm|arpa|net|netinet)/.*", ("platform",)),
    (r"(dirent|dlfcn|fcntl|fnmatch|ftw|glob|grp|langinfo|netdb|poll|pthread|pwd|sched|semaphore|signal|spawn|strings"
     r"|syscall|syslog|termios|time|ucontext|unistd|utime|wait)\.h", ("platform",)),
]

STANDARD = frozenset("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem forward_list fstream functional
future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
memory_resource mutex new numbers numeric optional ostream queue random ratio regex scoped_allocator semaphore set
shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view system_error thread
tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
""".split())


# Developers' tools, each in the folder of its stage: their headers are not for the stage itself.
TOOLS = ("src/layout/gen",)


def layer_of(path):
    """The folder that is one library: "include/gilspy", "src/locate", "platform/linux", "formats/folded"; a file that
    lies directly in platform/ or formats/ belongs to that folder itself."""
    for tool in TOOLS:
        if path.is_relative_to(tool):
            return tool
    return "/".join(path.parts[:2]) if len(path.parts) > 2 else path.parts[0]


def within(layer, home):
    return layer == home or layer.startswith(home + "/")


def check_system_header(layer, header):
    for pattern, homes in HOMES:
        if re.fullmatch(pattern, header):
            allowed = any(within(layer, home) for home in homes)
            return "" if allowed else "<%s> belongs to %s only" % (header, ", ".join(homes))
    if header in STANDARD:
        return ""
    return "<%s> is not standard C++, and %s does not say who may include it" % (header, pathlib.Path(__file__).name)


# What formats share lies here; the registry, directly in formats/, may see all of them.
SHARED_BY_FORMATS = ("formats", "formats/stack_view", "formats/thread_rows", "formats/timeline_walk", "formats/json",
                     "formats/gzip")


def may_see(layer, other):
    if other in TOOLS:
        return layer == other
    if layer == "src/cli" or within(other, layer):
        return True
    return layer.startswith("formats/") and other in SHARED_BY_FORMATS


def check_own_header(root, path, layer, header):
    """Headers of ours: of the vocabulary, of the own folder, or generated from a file of the own folder."""
    if header.startswith("gilspy/"):
        return "" if (root / "include" / header).is_file() else '"%s" is not in include/gilspy' % header
    if layer == "include/gilspy":
        return 'include/gilspy may not include "%s": only std, tl/expected.hpp and itself' % header
    target = find_header(root, (path.parent, pathlib.Path(layer), pathlib.Path(path.parts[0]), pathlib.Path()), header)
    if target is None:
        return "" if layer == "src/cli" else '%s may not include "%s": it is not of this folder' % (layer, header)
    other = layer_of(target)
    return "" if may_see(layer, other) else '%s may not include "%s" of %s' % (layer, header, other)


def find_header(root, places, header):
    """Its path in the tree. flamegraph.js.h is made from flamegraph.js, recording.pb.h from recording.proto."""
    for place in places:
        for name in (header, re.sub(r"\.pb\.h$", ".proto", header), re.sub(r"\.h$", "", header)):
            file = (root / place / name).resolve()
            if file.is_file() and file.is_relative_to(root.resolve()):
                return file.relative_to(root.resolve())
    return None


def complaints(root):
    """["file:line: what is wrong", ...] of a source tree, and how many files it has."""
    found, files = [], 0
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in SOURCES:
                continue
            files += 1
            path = file.relative_to(root)
            text = file.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                layer, header = layer_of(path), match[2]
                system = match[1] == "<" and not header.startswith("gilspy/")
                wrong = check_system_header(layer, header) if system else check_own_header(root, path, layer, header)
                if wrong:
                    found.append("%s:%d: %s" % (path, text.count("\n", 0, match.start(2)) + 1, wrong))
    return found, files


# Path, content, and a word of the complaint ("" = fine). The files are one tree, so that includes can be found.
SELF_TEST = [
    ("include/gilspy/sample.h", "#include <vector>\n#include <tl/expected.hpp>\n", ""),
    ("include/gilspy/result.h", '#include "gilspy/sample.h"\n', ""),
    ("include/gilspy/bad1.h", "#include <fmt/format.h>\n", "fmt"),
    ("include/gilspy/bad2.h", '#include "sampler.h"\n', "only std"),
    ("include/gilspy/bad3.h", '#include "gilspy/nowhere.h"\n', "not in include/gilspy"),
    ("src/sample/sampler.h", "#include <span>\n", ""),
    ("src/sample/tables/one.h", "", ""),
    ("src/sample/sampler.cpp", '#include "sampler.h"\n#include "tables/one.h"\n#include "gilspy/sample.h"\n', ""),
    ("src/classify/bad.cpp", '#include "sampler.h"\n', "not of this folder"),
    ("src/classify/bad2.cpp", '#include "../sample/sampler.h"\n', "of src/sample"),
    ("src/classify/bad3.cpp", '#include "src/sample/sampler.h"\n', "of src/sample"),
    ("src/classify/bad4.cpp", '#include "sample/sampler.h"\n', "of src/sample"),
    ("src/sample/bad1.cpp", "#include <unistd.h>\n", "platform"),
    ("src/sample/bad2.cpp", "#  include <sys/uio.h>\n", "platform"),
    ("src/cli/bad.cpp", "#include <signal.h>\n", "platform"),
    ("src/verdict/bad.cpp", "#include <rapidjson/writer.h>\n", "formats"),
    ("src/layout/bad.cpp", "#include <gelf.h>\n", "src/locate"),
    ("src/layout/bad2.cpp", "#include <elfutils/libdw.h>\n", "src/layout/gen"),
    ("src/layout/bad3.cpp", "#include <dwarf.h>\n", "src/layout/gen"),
    ("src/layout/bad4.cpp", '#include "gen/rules.h"\n', "of src/layout/gen"),
    ("src/layout/gen/rules.h", "", ""),
    ("src/layout/gen/types.cpp", '#include "rules.h"\n#include <elfutils/libdw.h>\n#include <dwarf.h>\n', ""),
    ("src/layout/gen/bad.cpp", '#include "../tables.h"\n', "of src/layout"),
    ("src/layout/tables.h", "", ""),
    ("src/base/bad.cpp", "#include <CLI/CLI.hpp>\n", "src/cli"),
    ("src/base/bad2.cpp", "#include <boost/any.hpp>\n", "not standard"),
    ("src/locate/elf.cpp", "#include <gelf.h>\n#include <fmt/format.h>\n", ""),
    ("src/cli/main.cpp", '#include <CLI/CLI.hpp>\n#include "sample/sampler.h"\n#include "gilspy/sample.h"\n', ""),
    ("platform/linux/memory.cpp", "#include <sys/uio.h>\n#include <elf.h>\n", ""),
    ("platform/replay/bad.cpp", '#include "../linux/memory.cpp"\n', "of platform/linux"),
    ("formats/registry.h", "", ""),
    ("formats/folded/folded.h", '#include "registry.h"\n', ""),
    ("formats/svg/view.js", "", ""),
    ("formats/svg/svg.cpp", '#include "view.js.h"\n#include <rapidjson/writer.h>\n', ""),
    ("formats/svg/bad.cpp", '#include "folded/folded.h"\n', "of formats/folded"),
    ("formats/svg/bad2.cpp", '#include "formats/folded/folded.h"\n', "of formats/folded"),
    ("formats/stack_view/stack_view.h", "", ""),
    ("formats/svg/drawing.cpp", '#include "formats/stack_view/stack_view.h"\n', ""),
    ("formats/recording/blocks.proto", "", ""),
    ("formats/recording/sink.h", '#include "blocks.pb.h"\n#include <zstd.h>\n', ""),
    ("formats/svg/bad3.cpp", '#include "formats/recording/blocks.pb.h"\n', "of formats/recording"),
    ("formats/svg/bad4.cpp", "#include <zstd.h>\n", "formats/recording"),
    ("formats/svg/bad5.cpp", "#include <zlib.h>\n", "formats/html"),
    ("formats/registry.cpp", '#include "registry.h"\n#include "formats/folded/folded.h"\n', ""),
    ("formats/bad.cpp", '#include "../src/sample/sampler.h"\n', "of src/sample"),
]


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, content, _ in SELF_TEST:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
        found, _ = complaints(root)
    failures = []
    for path, _, word in SELF_TEST:
        mine = [line for line in found if line.startswith(path + ":")]
        as_expected = len(mine) == 1 and word in mine[0] if word else not mine
        if not as_expected:
            failures.append("self-test: %s should be %s, but: %s" % (path, repr(word) if word else "fine", mine))
    return failures


def main():
    if "--self-test" in sys.argv[1:]:
        failures, files = self_test(), len(SELF_TEST)
    else:
        failures, files = complaints(pathlib.Path(__file__).resolve().parents[1])
    print("\n".join(failures) or "%d files include what they may" % files)
    sys.exit(bool(failures) or not files)


if __name__ == "__main__":
    main()
