#include "src/native/inlines.h"

#include <gmock/gmock.h>

#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class InlinesTest : public ::testing::Test {
 protected:
  // The call of the leaf, in the file.
  static std::uint64_t the_call() {
    OwnProcess process;
    const RemoteAddr address(probe_start() - 1);
    const NativeImage* const image = process.space.image_at(address);
    return image == nullptr ? 0 : address.value() - image->bias;
  }
};

TEST_F(InlinesTest, InnermostFirst) {
  for (const char* file : {GILSPY_PROBE, GILSPY_STRIPPED_PROBE ".debug"}) {
    Inlines inlines(std::make_unique<OwnFile>(content_of(file)));
    const auto expected = ElementsAre("probe::innermost<unsigned long>", "probe::Shape::middle");
    EXPECT_THAT(inlines.at(the_call()), expected) << file;
    EXPECT_THAT(inlines.at(the_call()), expected) << "once more";
  }
}

TEST_F(InlinesTest, WhereThereAreNone) {
  Inlines inlines(std::make_unique<OwnFile>(content_of(GILSPY_PROBE)));
  for (const char* name : {"probe_leaf", "probe_start", "probe_build", "_ZN5probe5outerEm", "probe_sizeless"}) {
    EXPECT_THAT(inlines.at(address_in(GILSPY_PROBE, name)), IsEmpty()) << name;
  }
  EXPECT_THAT(inlines.at(0), IsEmpty());
  EXPECT_THAT(inlines.at(~std::uint64_t{0}), IsEmpty());
}

TEST_F(InlinesTest, WithoutDebuggingInformation) {
  const std::uint64_t address = the_call();
  Inlines stripped(std::make_unique<OwnFile>(content_of(GILSPY_STRIPPED_PROBE)));
  EXPECT_THAT(stripped.at(address), IsEmpty());
  Inlines nothing(std::make_unique<OwnFile>(std::vector<std::byte>{}));
  EXPECT_THAT(nothing.at(address), IsEmpty());
}

}  // namespace
}  // namespace gilspy::native
