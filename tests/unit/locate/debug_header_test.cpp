#include "src/locate/debug_header.h"

#include <gmock/gmock.h>

#include "platform/replay/fake_target.h"

namespace gilspy::locate {
namespace {

constexpr RemoteAddr kRuntime(0x7f0000000100);

TEST(DebugHeader, VersionNumbers) {
  const auto version = version_of_hex(0x030d0af0);
  ASSERT_TRUE(version);
  EXPECT_EQ(version->text(), "3.13.10");
  EXPECT_EQ(version_of_hex(0x030f00a3)->text(), "3.15.0");  // an alpha
  for (const std::uint64_t hex : {0x0UL, 0x020712f0UL, 0x030d0a00UL, 0x1'030d'0af0UL, ~0UL}) {
    EXPECT_FALSE(version_of_hex(hex)) << hex;
  }
}

TEST(DebugHeader, IsRead) {
  FakeTarget target;
  target.memory.put_text(kRuntime, "xdebugpy");
  target.memory.put(kRuntime + 8, std::uint64_t{0x030d00f0});
  target.memory.put(kRuntime + 16, std::uint64_t{1});
  const auto header = read_debug_header(target, kRuntime);
  ASSERT_TRUE(header.has_value() && header->has_value());
  EXPECT_EQ((*header)->version.text(), "3.13.0");
  EXPECT_TRUE((*header)->free_threaded);
}

TEST(DebugHeader, OlderPythonsHaveNone) {
  FakeTarget target;
  target.memory.put_bytes(kRuntime, std::vector<std::byte>(24));
  const auto header = read_debug_header(target, kRuntime);
  ASSERT_TRUE(header.has_value());
  EXPECT_FALSE(header->has_value());
}

TEST(DebugHeader, AnEndIsAnEnd) {
  FakeTarget target;
  target.fail_reads(ErrorCode::kGone);
  EXPECT_EQ(read_debug_header(target, kRuntime).error().code(), ErrorCode::kGone);
}

}  // namespace
}  // namespace gilspy::locate
