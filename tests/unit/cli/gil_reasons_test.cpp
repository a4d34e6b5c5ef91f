#include "src/cli/gil_reasons.h"

#include <gmock/gmock.h>

namespace gilspy::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(GilSetBy, TheInterpretersOwnOption) {
  EXPECT_EQ(gil_set_by({"python3.13t", "-X", "gil=1", "app.py"}, std::nullopt), "-X gil=1");
  EXPECT_EQ(gil_set_by({"python3.13t", "-u", "-Xgil=1", "-m", "app"}, std::nullopt), "-X gil=1");
  EXPECT_EQ(gil_set_by({"python3.13t", "-W", "-X", "app.py", "-X", "gil=1"}, std::nullopt), "")
      << "a warning filter, then the program's own argument";
  EXPECT_EQ(gil_set_by({"python3.13t", "app.py", "-X", "gil=1"}, std::nullopt), "");
  EXPECT_EQ(gil_set_by({"python3.13t", "-c", "...", "-X", "gil=1"}, std::nullopt), "");
  EXPECT_EQ(gil_set_by({"python3.13t", "-X"}, std::nullopt), "");
  EXPECT_EQ(gil_set_by({}, std::nullopt), "");
}

TEST(GilSetBy, TheEnvironmentUnlessTheOptionSaysOtherwise) {
  EXPECT_EQ(gil_set_by({"python3.13t", "app.py"}, "1"), "PYTHON_GIL=1");
  EXPECT_EQ(gil_set_by({"python3.13t", "app.py"}, "0"), "");
  EXPECT_EQ(gil_set_by({"python3.13t", "-X", "gil=0", "app.py"}, "1"), "");
}

Mapping of(const std::string& path) {
  Mapping mapping;
  mapping.path = path;
  return mapping;
}

TEST(ForeignExtensionModules, OneOfEachPackageAndNotPythonsOwn) {
  const std::string packages = "/venv/lib/python3.13t/site-packages/";
  const std::vector<Mapping> mappings{
      of("/usr/lib/python3.13/lib-dynload/_csv.cpython-313t-x86_64-linux-gnu.so"),
      of("/usr/lib/libc.so.6"),
      of(packages + "numpy/_core/_multiarray_umath.cpython-313t-x86_64-linux-gnu.so"),
      of(packages + "numpy/linalg/_umath_linalg.cpython-313t-x86_64-linux-gnu.so"),
      of(packages + "numpy.libs/libopenblas64.so"),
      of(packages + "_cffi_backend.cpython-313t-x86_64-linux-gnu.so"),
      of("/srv/app/fast.abi3.so"),
      of("/srv/app/slow.cpython-313t.so"),
      of(""),
  };
  EXPECT_THAT(foreign_extension_modules(mappings), ElementsAre("numpy", "_cffi_backend", "fast"));
  EXPECT_THAT(foreign_extension_modules({}), IsEmpty());
}

}  // namespace
}  // namespace gilspy::cli
