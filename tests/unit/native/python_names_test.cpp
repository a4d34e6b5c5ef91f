#include "src/native/python_names.h"

#include <gmock/gmock.h>

#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

constexpr PythonTypes kTypes{24};  // of a build with a GIL

TEST(PythonNames, OfMethodsAndSlots) {
  OwnProcess process;
  const NativeImage* const image = process.space.image_at(address_of(probe_table));
  ASSERT_NE(image, nullptr);
  const PythonNames names(process.space, *image, kTypes);
  const auto name = [&](int number) { return names.find(RemoteAddr(probe_table(number))).value_or(""); };
  EXPECT_EQ(name(0), "") << "stands in no table";
  EXPECT_EQ(name(1), "_probe.solve");
  EXPECT_EQ(name(2), "_probe.walk");
  EXPECT_EQ(name(3), "table.sort");
  EXPECT_EQ(name(4), "probe.Pattern.match");
  EXPECT_EQ(name(5), "loose");
  EXPECT_EQ(name(6), "") << "what has a blank in it is no name";
  EXPECT_EQ(name(7), "probe.Pattern.__repr__");
  EXPECT_EQ(name(8), "table.__repr__");
  EXPECT_EQ(name(9), "table.__mul__");
  EXPECT_EQ(name(10), "table.tp_dealloc");
}

TEST(PythonNames, NotOfTheMiddleOfAFunction) {
  OwnProcess process;
  const PythonNames names(process.space, *process.space.image_at(address_of(probe_table)), kTypes);
  EXPECT_FALSE(names.find(RemoteAddr(probe_table(1) + 1)).has_value());
}

}  // namespace
}  // namespace gilspy::native
