// Files of code are the target's: whatever is in them, they give less, and nothing else happens.
#include <gtest/gtest.h>

#include <random>

#include "src/native/debug_files.h"
#include "src/native/inlines.h"
#include "src/native/symbol_table.h"
#include "src/native/unwind_table.h"
#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

class DamagedFile : public ::testing::TestWithParam<const char*> {
 protected:
  std::vector<std::byte> whole_ = content_of(GetParam());
  std::mt19937 random_{1};

  std::size_t below(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most - 1)(random_); }
  std::byte any_byte() { return static_cast<std::byte>(below(256)); }

  static std::size_t look_through(std::vector<std::byte> bytes) {
    std::size_t found = debug_link_of(bytes).build_id.size();
    SymbolTable symbols;
    symbols.add(bytes);
    Inlines inlines(std::make_unique<OwnFile>(std::move(bytes)));
    static const std::uint64_t code = address_in(GILSPY_PROBE, "probe_leaf");
    for (std::uint64_t address = code - 256; address < code + 768; address += 16) {
      found += symbols.find(address).has_value() ? 1U : 0U;
      found += inlines.at(address).size();
    }
    return found;
  }
};

TEST_P(DamagedFile, ThatEndsTooSoon) {
  EXPECT_GT(look_through(whole_), 20U);
  for (std::size_t size = 0; size < whole_.size(); size += size < 512 ? 1 : 1 + whole_.size() / 300) {
    look_through({whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(size)});
  }
}

TEST_P(DamagedFile, WithOtherBytesAnywhere) {
  for (int i = 0; i < 500; ++i) {
    std::vector<std::byte> bytes = whole_;
    for (std::size_t k = 0; k <= static_cast<std::size_t>(i); k += 10) bytes[below(bytes.size())] = any_byte();
    look_through(std::move(bytes));
  }
}

TEST_P(DamagedFile, WithOtherBytesInItsHeaders) {
  Elf64_Ehdr header{};
  std::memcpy(&header, whole_.data(), sizeof header);
  const std::size_t sections = std::size_t{header.e_shnum} * header.e_shentsize;
  ASSERT_LE(header.e_shoff + sections, whole_.size());
  for (int i = 0; i < 1000; ++i) {
    std::vector<std::byte> bytes = whole_;
    bytes[i % 4 == 0 ? below(sizeof header) : header.e_shoff + below(sections)] = any_byte();
    look_through(std::move(bytes));
  }
}

// Numbers that lead far away.
TEST_P(DamagedFile, WithHugeNumbers) {
  for (int i = 0; i < 500; ++i) {
    std::vector<std::byte> bytes = whole_;
    const std::size_t at = below(bytes.size() - 8);
    std::fill_n(&bytes[at], 1 + below(8), std::byte{i % 2 == 0 ? std::uint8_t{0xff} : std::uint8_t{0x7f}});
    look_through(std::move(bytes));
  }
}

INSTANTIATE_TEST_SUITE_P(Probes, DamagedFile,
                         ::testing::Values(GILSPY_PROBE, GILSPY_STRIPPED_PROBE, GILSPY_STRIPPED_PROBE ".debug"));

// An image as it lies in memory.
TEST(DamagedImage, HasFewerFunctions) {
  constexpr RemoteAddr kBase{0x10000000};
  std::mt19937 random(1);
  std::uniform_int_distribution<std::uint64_t> any;
  for (int i = 0; i < 300; ++i) {
    FakeTarget target;
    target.set_mappings(load(target, GILSPY_PROBE, "/probe.so", kBase));
    const RemoteAddr table = [&] {
      AddressSpace space(target);
      const NativeImage* const image = space.image_at(kBase + address_in(GILSPY_PROBE, "probe_start"));
      return image == nullptr ? RemoteAddr{} : image->unwind_table;
    }();
    ASSERT_FALSE(table.is_null());
    const RemoteAddr damage = i % 2 == 0 ? table + any(random) % 64 : kBase + any(random) % 600;
    target.memory.put(damage, any(random));
    AddressSpace space(target);
    for (std::uint64_t at = 0; at < 0x4000; at += 64) {
      const NativeImage* const image = space.image_at(kBase + at);
      if (image != nullptr) function_begin(space, *image, kBase + at);
    }
  }
}

}  // namespace
}  // namespace gilspy::native
