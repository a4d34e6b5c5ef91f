#include "src/locate/names.h"

#include <gmock/gmock.h>

namespace gilspy::locate {
namespace {

struct NameCase {
  const char* path;
  bool library = false;
  bool program = false;
  const char* version = "";
};

TEST(Names, Files) {
  const NameCase cases[] = {
      {"/usr/lib/libpython3.9.so.1.0", true, false, "3.9"},
      {"/x/libpython3.7m.so.1.0 (deleted)", true, false, "3.7"},
      {"/x/libpython3.13t.so.1.0", true, false, "3.13"},
      {"/x/libpython2.7.so.1.0", true, false, "2.7"},
      {"/x/libpython3.so", false, false, ""},  // an index of the stable ABI, without a runtime
      {"/x/libpython3.11.a", false, false, "3.11"},
      {"/usr/bin/python3.11", false, true, "3.11"},
      {"/usr/bin/python3", false, true, ""},
      {"/venv/bin/python", false, true, ""},
      {"python3.14t", false, true, "3.14"},
      {"/usr/bin/pythonic", false, false, ""},
      {"/usr/bin/bash", false, false, ""},
      {"/usr/bin/python3.", false, true, ""},
      {"/opt/python3.9/bin/uv", false, false, ""},
      {"", false, false, ""},
  };
  for (const NameCase& c : cases) {
    SCOPED_TRACE(c.path);
    EXPECT_EQ(is_python_library(c.path), c.library);
    EXPECT_EQ(is_python_program(c.path), c.program);
    const auto version = version_in_name(c.path);
    EXPECT_EQ(version ? version->text() : "", c.version);
  }
}

TEST(Names, VersionOfTheStandardLibrary) {
  std::vector<Mapping> mappings(3);
  mappings[0].path = "/lib/python3/dist-packages/x.so";
  mappings[1].path = "/lib/python3.12/site-packages/numpy.so";
  EXPECT_FALSE(version_in_modules(mappings));
  mappings[2].path = "/usr/lib/python3.9/lib-dynload/_json.so";
  const auto version = version_in_modules(mappings);
  ASSERT_TRUE(version);
  EXPECT_EQ(version->text(), "3.9");
}

TEST(Names, PyPy) {
  EXPECT_TRUE(is_pypy("/usr/bin/pypy3.10"));
  EXPECT_TRUE(is_pypy("/usr/lib/libpypy3.10-c.so (deleted)"));
  EXPECT_FALSE(is_pypy("/usr/lib/libpypy.txt"));
  EXPECT_FALSE(is_pypy("/opt/pypy/python3"));
}

TEST(Names, WhatLooksLikePython) {
  ProcessIdentity process;
  EXPECT_FALSE(looks_like_python(process));
  process.command = {"/usr/bin/python3", "x.py"};
  EXPECT_TRUE(looks_like_python(process));  // another user's: only its command line can be seen
  process.executable = "/usr/bin/bash";
  EXPECT_FALSE(looks_like_python(process));
}

}  // namespace
}  // namespace gilspy::locate
