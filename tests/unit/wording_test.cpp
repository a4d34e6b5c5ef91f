#include "gilspy/wording.h"

#include <gtest/gtest.h>

#include <limits>

namespace gilspy::wording {
namespace {

struct PercentCase {
  double share;
  const char* text;
};

class Percent : public ::testing::TestWithParam<PercentCase> {};

TEST_P(Percent, ReadsWell) { EXPECT_EQ(percent(GetParam().share), GetParam().text); }

INSTANTIATE_TEST_SUITE_P(Cases, Percent,
                         ::testing::Values(PercentCase{0, "0 %"}, PercentCase{-0.0001, "0 %"},
                                           PercentCase{0.0004, "0 %"}, PercentCase{0.0005, "0.1 %"},
                                           PercentCase{0.004, "0.4 %"}, PercentCase{0.0096, "1 %"},
                                           PercentCase{0.126, "13 %"}, PercentCase{0.99, "99 %"},
                                           PercentCase{0.997, "99.7 %"}, PercentCase{0.99999, "99.9 %"},
                                           PercentCase{1, "100 %"}, PercentCase{1.98, "198 %"},
                                           PercentCase{std::numeric_limits<double>::quiet_NaN(), "0 %"}));

TEST(Wording, NumbersAgreeWithTheirNouns) {
  EXPECT_EQ(count_of(1, "thread"), "1 thread");
  EXPECT_EQ(count_of(0, "thread"), "0 threads");
  EXPECT_EQ(count_of(1995, "tick"), "1,995 ticks");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567890), "1,234,567,890");
}

TEST(Wording, ASpeedupIsABound) {
  EXPECT_EQ(speedup(1), "no faster");
  EXPECT_EQ(speedup(1.049), "no faster");
  EXPECT_EQ(speedup(1.956), "at most 1.96x");
}

TEST(Wording, CpusHaveTwoDecimalsUnlessTheyAreMany) {
  EXPECT_EQ(cpus(2), "2");
  EXPECT_EQ(cpus(1.016), "1.02");
  EXPECT_EQ(cpus(12.345), "12.3");
  EXPECT_EQ(cpus(-0.001), "0");
  EXPECT_EQ(cpu_count(1), "1 CPU");
  EXPECT_EQ(cpu_count(2.5), "2.5 CPUs");
  EXPECT_EQ(cpu_count(128), "128 CPUs");
}

TEST(CpuFacts, TheSmallestLimitCounts) {
  EXPECT_EQ((CpuFacts{.online = 8, .allowed = 4, .cgroup_quota = std::nullopt}.available()), 4);
  EXPECT_EQ((CpuFacts{.online = 8, .allowed = 4, .cgroup_quota = 1.5}.available()), 1.5);
  EXPECT_EQ((CpuFacts{.online = 8, .allowed = 4, .cgroup_quota = 6}.available()), 4);
  EXPECT_EQ((CpuFacts{.online = 8, .allowed = 0, .cgroup_quota = 0}.available()), 8);
  EXPECT_EQ(CpuFacts{}.available(), 1);
}

TEST(Wording, SecondsAreNeverNegative) {
  EXPECT_EQ(seconds(std::chrono::milliseconds(1996)), "2.00 s");
  EXPECT_EQ(seconds(Nanos{-1}), "0.00 s");
}

struct FileCase {
  const char* file;
  std::vector<std::string> command;
  const char* folder;
  const char* text;
};

class ShortFile : public ::testing::TestWithParam<FileCase> {};

TEST_P(ShortFile, KeepsWhatTellsFilesApart) {
  TargetFacts target;
  target.command = GetParam().command;
  target.working_folder = GetParam().folder;
  EXPECT_EQ(short_file(GetParam().file, target), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ShortFile,
    ::testing::Values(
        FileCase{"/usr/lib/python3.11/threading.py", {}, "/", "threading.py"},
        FileCase{"/usr/lib64/python3.13t/json/decoder.py", {}, "/", "json/decoder.py"},
        FileCase{"/venv/lib/python3.11/site-packages/numpy/core.py", {}, "/", "numpy/core.py"},
        FileCase{"/usr/lib/python3/dist-packages/apt/cache.py", {}, "/", "apt/cache.py"},
        FileCase{"/home/ann/lab/primes.py", {"python3", "primes.py"}, "/home/ann/lab", "primes.py"},
        FileCase{"/home/ann/lab/sub/primes.py", {"python3", "sub/primes.py"}, "/home/ann/lab", "primes.py"},
        FileCase{"/home/ann/lab/sub/primes.py", {"python3", "./sub/primes.py"}, "/home/ann/lab", "primes.py"},
        FileCase{"/home/ann/lab/other.py", {"python3", "sub/primes.py"}, "/home/ann/lab", "other.py"},
        FileCase{"/srv/app/pkg/a.py", {"python3", "-X", "dev", "/srv/app/serve.py"}, "/", "pkg/a.py"},
        FileCase{"sub/primes.py", {"python3", "sub/primes.py"}, "/home/ann/lab", "primes.py"},
        FileCase{"/home/ann/lab2/a.py", {}, "/home/ann/lab", "/home/ann/lab2/a.py"},
        FileCase{"/home/ann/lab/", {}, "/home/ann/lab", "/home/ann/lab/"}, FileCase{"/app/a.py", {}, "/", "/app/a.py"},
        FileCase{"/app/a.py", {}, "", "/app/a.py"}, FileCase{"/lib/python3/a.py", {}, "", "/lib/python3/a.py"},
        FileCase{"/lib/python3.11/", {}, "", "/lib/python3.11/"},
        FileCase{"<frozen importlib._bootstrap>", {}, "/", "<frozen importlib._bootstrap>"},
        FileCase{"", {}, "/home", ""}));

TEST(Wording, FunctionsAreNamedByTheirFirstLine) {
  const TargetFacts target;
  EXPECT_EQ(function_name({"is_prime", "primes.py", 7, 4}, target), "is_prime (primes.py:4)");
  EXPECT_EQ(function_name({"is_prime", "primes.py", 7, 0}, target), "is_prime (primes.py)");
  EXPECT_EQ(function_name({"is_prime", "", 7, 4}, target), "is_prime");
  EXPECT_EQ(function_name({"", "a.py", 7, 4}, target), "(no name) (a.py:4)");
  EXPECT_EQ(function_name({"a\x1b[31m\n", "b\xff.py", 7, 4}, target), "a [31m  (b\xef\xbf\xbd.py:4)");
}

TEST(Wording, NativeFunctionsStandWithTheirModule) {
  const TargetFacts target;
  const Frame native{.function = "sre_match", .file = "_sre", .native = true};
  EXPECT_EQ(function_name(native, target), "sre_match [_sre]");
}

TEST(Wording, WorkIsWhatPythonCalled) {
  const TargetFacts target;
  StackTable table;
  const auto add = [&](StackId stack, const char* name, const char* file, bool native) {
    return table.child(stack, table.intern({.function = name, .file = file, .native = native}));
  };
  const auto work = [&](StackId stack) {
    const Work found = work_of(table, stack, target);
    return found.function + " -> " + found.native;
  };
  const StackId start = add(kNoStack, "clone3", "libc.so.6", true), python = add(start, "load", "a.py", false);
  EXPECT_EQ(work(kNoStack), "(no Python frame) -> ");
  EXPECT_EQ(work(start), "(no Python frame) -> clone3 [libc.so.6]");
  const StackId own = add(add(start, "start_thread", "libc.so.6", true), "hold", "app", true);
  EXPECT_EQ(work(add(own, "usleep", "libc.so.6", true)), "(no Python frame) -> hold [app]");
  EXPECT_EQ(work(python), "load (a.py) -> ");
  const StackId called = add(python, "sort", "python3", true);
  EXPECT_EQ(work(add(called, "memcpy", "libc.so.6", true)), "load (a.py) -> sort [python3]");
  const StackId glue = add(add(python, "PyCFuncPtr_call", "_ctypes", true), "ffi_call", "libffi.so.8", true);
  EXPECT_EQ(work(glue), "load (a.py) -> PyCFuncPtr_call [_ctypes]");
  EXPECT_EQ(work(add(add(glue, "crunch", "libg.so", true), "step", "libg.so", true)),
            "load (a.py) -> crunch [libg.so]");
  const StackId missing = add(python, "(native frames missing)", "", true);
  EXPECT_EQ(work(missing), "load (a.py) -> ");
  EXPECT_EQ(work(add(missing, "step", "libg.so", true)), "load (a.py) -> step [libg.so]");
  EXPECT_EQ(python_part(table, glue), python);
  EXPECT_EQ(own_part(table, glue), python);
}

Profile with_gils(std::vector<std::vector<std::int64_t>> interpreters) {
  Profile profile;
  profile.target.pid = Pid{4711};
  for (auto& ids : interpreters) {
    GilProfile& gil = profile.gils.emplace_back();
    gil.index = GilIndex(profile.gils.size() - 1);
    gil.interpreters = std::move(ids);
  }
  return profile;
}

TEST(Wording, InterpretersAreListedInTheirOrder) {
  EXPECT_EQ(interpreters({2}), "interpreter 2");
  EXPECT_EQ(interpreters({1, 0}), "interpreters 0 and 1");
  EXPECT_EQ(interpreters({2, 1, 0}), "interpreters 0, 1 and 2");
  EXPECT_EQ(interpreters({5, 4, 3, 2, 1, 0}), "interpreters 0, 1, 2, 3, 4 and 5");
  EXPECT_EQ(interpreters({6, 5, 4, 3, 2, 1, 0}), "interpreters 0, 1, 2, 3 and 3 more");
}

TEST(Wording, AGilIsNamedByWhoHasIt) {
  const Profile mixed = with_gils({{2}, {1, 0}});
  EXPECT_EQ(gil_name(mixed, mixed.gils[0]), "GIL of interpreter 2");
  EXPECT_EQ(gil_name(mixed, mixed.gils[1]), "GIL that interpreters 0 and 1 share");
  EXPECT_EQ(gil_group(mixed, mixed.gils[0]), "interpreter 2, own GIL");
  EXPECT_EQ(gil_group(mixed, mixed.gils[1]), "interpreters 0 and 1 share a GIL");
  const Profile alone = with_gils({{0}});
  EXPECT_EQ(gil_name(alone, alone.gils[0]), "GIL");
}

TEST(Wording, WithoutGilsInterpretersHaveNone) {
  Profile profile = with_gils({{1}, {0}});
  profile.target.gil_enabled = false;
  EXPECT_EQ(gil_group(profile, profile.gils[0]), "interpreter 1");
}

TEST(Wording, OfSeveralProcessesAGilHasItsOwn) {
  Profile program = with_gils({{0}, {0}, {1}});
  program.processes = {with_gils({{0}}), with_gils({{0}, {1}})};
  program.gils[1].process = program.gils[2].process = 1;
  EXPECT_FALSE(program.has_several_interpreters(0));
  EXPECT_TRUE(program.has_several_interpreters(1));
  EXPECT_EQ(gil_name(program, program.gils[0]), "GIL");
  EXPECT_EQ(gil_group(program, program.gils[2]), "process 4711, interpreter 1, own GIL");
}

struct Utf8Case {
  const char* bytes;
  const char* text;
};

class ValidUtf8 : public ::testing::TestWithParam<Utf8Case> {};

TEST_P(ValidUtf8, ReplacesWhatIsNotText) { EXPECT_EQ(valid_utf8(GetParam().bytes), GetParam().text); }

INSTANTIATE_TEST_SUITE_P(Cases, ValidUtf8,
                         ::testing::Values(Utf8Case{"", ""}, Utf8Case{"plain", "plain"},
                                           Utf8Case{"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x8d", "ä € 🐍"},
                                           Utf8Case{"a\xff", "a\ufffd"}, Utf8Case{"\xc3", "\ufffd"},  // cut off
                                           Utf8Case{"\xe2\x82z", "\ufffd\ufffdz"},          // cut off, text goes on
                                           Utf8Case{"\xc0\xaf", "\ufffd\ufffd"},            // overlong
                                           Utf8Case{"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},  // surrogate
                                           Utf8Case{"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"}));

TEST(Wording, PrintableTextCannotCommandATerminal) {
  EXPECT_EQ(printable("a\x1b[2J\n\tb\x7f"), "a [2J  b ");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J \xc2\xa7"),
            " 2J §");  // CSI as one C1 character
}

TEST(Span, HasTheUnitThatSuitsIt) {
  EXPECT_EQ(span(Nanos(23'400)), "23 us");
  EXPECT_EQ(span(Nanos(999'400)), "999 us");
  EXPECT_EQ(span(Nanos(999'600)), "1.0 ms");
  EXPECT_EQ(span(Nanos(5'160'000)), "5.2 ms");
  EXPECT_EQ(span(Nanos(71'400'000)), "71 ms");
  EXPECT_EQ(span(Nanos(999'600'000)), "1.00 s");
}

}  // namespace
}  // namespace gilspy::wording
